/** What every importer of a public watch log is. A further one is a class like `KuaiRandImporter` and a line in `IMPORTERS`. */
import type { Event } from '@watchnext/contract';
import type { BadRows } from './bad-rows';

export interface ImportSummary {
  /** Events that `events` is about to yield, for progress. */
  readonly eventCount: number;
  /** By what they are, as {impressions: 185061}. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface ImportOptions {
  /** Collects the rows left out. */
  readonly badRows?: BadRows;
  /** Called while files are read, before the first event. `rows` counts over all files so far. */
  readonly onReading?: (file: string, rows: number) => void;
  /** Called once, when everything is read and before the first event. */
  readonly onLoaded?: (summary: ImportSummary) => void;
  readonly signal?: AbortSignal;
}

export interface Importer {
  readonly name: string;
  /** How the data set's files become events, for people. */
  describeMapping(): string;
  /**
   * The data set as backfill: the catalogue and users first, then activity in order of time. The same files give the
   * same events, ids and all. A row that cannot be used is left out and counted in `options.badRows`.
   *
   * @param path the data set's folder
   * @throws DatasetError when a file or a column is missing
   */
  events(path: string, options?: ImportOptions): AsyncIterable<Event>;
}

/** The folder does not hold the data set; the message names the file or column. */
export class DatasetError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DatasetError';
  }
}
