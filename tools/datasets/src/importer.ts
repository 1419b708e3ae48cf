/**
 * What every importer of a watch log is: a reader of files into the staging tables. Sorting, ids, lists and events are
 * the same for all. A further importer is one of these and a line in `IMPORTERS`.
 */
import type { BadRows } from './read/bad-rows';
import type { Staging } from './staging/staging';

export interface LoadOptions {
  /** Collects the rows left out. */
  readonly badRows: BadRows;
  /** `rows` and `bytes` are those of this file so far; 0 bytes where they are not known. */
  readonly onReading: (file: string, rows: number, bytes?: number) => void;
  readonly signal: AbortSignal;
  /** What happened later than this did not happen. */
  readonly nowMs: number;
  /** File that says what the columns are; only for importers of tables, where it is not the one beside the table. */
  readonly mappingFile: string | undefined;
}

export interface Importer {
  readonly name: string;
  /** False for logs of what was watched only: lists are drawn around their watches, unless told not to. */
  readonly hasImpressions: boolean;
  /** How the data set's files become events, for people. */
  describeMapping(): string;
  /**
   * The files that `load` would read, for telling whether they have changed.
   *
   * @param mappingFile as `load` gets it
   * @throws DatasetError when one is missing
   */
  files(path: string, mappingFile?: string): Promise<string[]>;
  /**
   * Reads the data set. A row that cannot be used is left out and counted.
   *
   * @param path the data set's folder or file
   * @throws DatasetError when a file or a column is missing
   */
  load(path: string, staging: Staging, options: LoadOptions): Promise<void>;
}
