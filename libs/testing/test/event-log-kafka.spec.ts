import { randomUUID } from 'node:crypto';
import { KAFKA_DEFAULTS, openKafkaEventLog, type EventLog } from '@watchnext/event-log';
import { describeEventLog, requireServer } from '../src';

const brokers = requireServer('Kafka', 'WATCHNEXT_KAFKA_BROKERS')?.split(',');

if (brokers) {
  describeEventLog(
    'Kafka',
    async () => {
      const namespace = `${randomUUID()}.`;
      const handles: EventLog[] = [];
      return {
        async open() {
          const handle = await openKafkaEventLog({ ...KAFKA_DEFAULTS, brokers, namespace, sessionTimeoutMs: 6_000 });
          handles.push(handle);
          return handle;
        },
        async dispose() {
          await Promise.all(handles.map((handle) => handle.close()));
        },
      };
    },
    { compactsAtOnce: false, tooLargeBytes: 2 * 2 ** 20 },
  );
}
