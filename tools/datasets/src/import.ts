/** Sends a data set's events to a collector. */
import type { Event } from '@watchnext/contract';
import { BadRows } from './bad-rows';
import type { Importer, ImportOptions, ImportSummary } from './importer';

/** Where events go: a `ProducerClient`, or anything that takes them in order. */
export interface EventSink {
  send(event: Event): void | Promise<void>;
  /** Resolves when everything sent so far has been taken or given up. */
  flush(): Promise<void>;
}

export interface ImportResult {
  readonly summary: ImportSummary;
  readonly badRows: BadRows;
  readonly sent: number;
}

/** Between two flushes: bounds what waits in memory, and lets progress mean what the collector has taken. */
const EVENTS_PER_FLUSH = 5_000;

/** `onSent` counts what the sink has confirmed. @throws DatasetError when a file or column is missing */
export async function importEvents(
  importer: Importer,
  path: string,
  sink: EventSink,
  options: Omit<ImportOptions, 'badRows'> & { readonly onSent?: (done: number, total: number) => void } = {},
): Promise<ImportResult> {
  const badRows = new BadRows();
  let summary: ImportSummary = { eventCount: 0, counts: {} };
  const onLoaded = (loaded: ImportSummary) => {
    summary = loaded;
    options.onLoaded?.(loaded);
  };
  let sent = 0;
  for await (const event of importer.events(path, { ...options, badRows, onLoaded })) {
    await sink.send(event);
    if (++sent % EVENTS_PER_FLUSH === 0) {
      await sink.flush();
      options.onSent?.(sent, summary.eventCount);
    }
  }
  await sink.flush();
  options.onSent?.(sent, summary.eventCount);
  return { summary, badRows, sent };
}
