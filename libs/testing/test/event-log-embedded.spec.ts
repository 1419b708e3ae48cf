import { openEmbeddedEventLog, type EventLog } from '@watchnext/event-log';
import { describeEventLog, temporaryDirectory } from '../src';

describeEventLog(
  'embedded (LMDB)',
  async () => {
    const directory = await temporaryDirectory('event-log');
    const handles: EventLog[] = [];
    return {
      async open() {
        const handle = openEmbeddedEventLog(directory.path);
        handles.push(handle);
        return handle;
      },
      async dispose() {
        await Promise.all(handles.map((handle) => handle.close()));
        await directory.remove();
      },
    };
  },
  { compactsAtOnce: true },
);
