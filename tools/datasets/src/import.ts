/** Carries a data set's events to a collector or into an archive. */
import type { Event } from '@watchnext/contract';
import { datasetEvents, type DatasetOptions, type ImportSummary } from './dataset-events';
import type { Importer } from './importer';
import { BadRows } from './read/bad-rows';
import { count } from './read/words';

/** Where events go: a `ProducerClient`, or anything that takes them in order. */
export interface EventSink {
  send(event: Event): void | Promise<void>;
  /** Resolves when everything sent so far has been taken or given up. */
  flush(): Promise<void>;
}

export interface ImportResult {
  readonly summary: ImportSummary;
  readonly badRows: BadRows;
  /** Without those that had been taken before. */
  readonly sent: number;
}

export interface ImportEventsOptions extends Omit<DatasetOptions, 'badRows'> {
  /** Counts what the sink has confirmed, and what it had taken before. */
  readonly onSent?: (done: number, total: number) => void;
  /** So many of the first events have been taken before; they are not sent again. */
  readonly alreadySent?: number;
}

/** Between two flushes: bounds what waits in memory, and lets progress mean what the collector has taken. */
const EVENTS_PER_FLUSH = 5_000;

/** @throws DatasetError when a file or column is missing */
export async function importEvents(
  importer: Importer,
  path: string,
  sink: EventSink,
  options: ImportEventsOptions = {},
): Promise<ImportResult> {
  const badRows = new BadRows();
  let summary: ImportSummary = { eventCount: 0, counts: {}, notes: [] };
  const onLoaded = (loaded: ImportSummary) => {
    summary = loaded;
    options.onLoaded?.(loaded);
  };
  const alreadySent = options.alreadySent ?? 0;
  let done = 0;
  for await (const event of datasetEvents(importer, path, { ...options, badRows, onLoaded })) {
    if (++done <= alreadySent) continue;
    const taken = sink.send(event);
    if (taken !== undefined) await taken;
    if (done % EVENTS_PER_FLUSH === 0) {
      await sink.flush();
      options.onSent?.(done, summary.eventCount);
    }
  }
  await sink.flush();
  options.onSent?.(done, summary.eventCount);
  return { summary, badRows, sent: Math.max(0, done - alreadySent) };
}

/** As "10,506 videos, 100,000 drawn lists"; what there is none of is left out. */
export function describeCounts(counts: ImportSummary['counts']): string {
  return Object.entries(counts)
    .filter(([, number]) => number > 0)
    .map(([what, number]) => `${count(number)} ${what.replace('_', ' ')}`)
    .join(', ');
}
