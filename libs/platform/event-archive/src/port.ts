/**
 * The port of the event archive: every record of the event log as Parquet, under `topic/dt=YYYY-MM-DD/`, in files
 * named by partition, offset range and checksum.
 *
 * A file holds a run of one partition without gaps between its files: the next file of a partition starts where the
 * last one ended, so the archive itself says where archiving goes on. The day of a file never decreases along a
 * partition: a record received late lies in the day of its neighbours, so a reader that wants all from a day on
 * reads the folders from that day on.
 */
import { PortError } from '@watchnext/errors';
import type { LogRecord } from '@watchnext/event-log';
import type { DayOfLog } from '@watchnext/features';
import type { KeyedRecords } from './keyed-records';

export interface ArchiveReadRange {
  /** First folder to read, as "2026-11-23"; default: all. */
  readonly fromDay?: string;
  /** Only this partition; default: all. */
  readonly partition?: number;
  /** Only records from this offset on; meant together with `partition`. */
  readonly fromOffset?: number;
}

export interface ArchiveReadOptions extends ArchiveReadRange {
  /**
   * "key": by partition, key, offset, so that one user's events come together in log order;
   * "offset": by partition, offset.
   */
  readonly order: 'key' | 'offset';
}

/** The records of a topic as a table, for questions to many of them at once. */
export interface ArchiveTable {
  /**
   * Rows of a query, in DuckDB's SQL, over the view `events`: the columns of the archive's files, each (partition, offset)
   * once. Columns that came with a later version of the files are null for older ones. Cast what may be large to DOUBLE:
   * 64-bit integers come as bigint.
   */
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /**
   * The same some thousands at a time, for what should not all be held at once. Nothing else may be asked before the last are
   * taken or the loop is left.
   */
  batches(sql: string): AsyncIterable<readonly Readonly<Record<string, unknown>>[]>;
  /** A statement, as one that makes a temporary table. */
  run(sql: string): Promise<void>;
}

export interface RewriteReport {
  readonly fileCount: number;
  /** Files that held records to remove, and were replaced. */
  readonly rewrittenFileCount: number;
  readonly removedRecordCount: number;
}

export interface MergeOptions {
  /**
   * How long a larger file is to be there before the small ones are removed: longer than anybody reads who has planned to read
   * those. 0: at once, where nobody else reads or merges.
   */
  readonly graceMs: number;
  /** Small files that become one have no more bytes together; one that is larger stays as it is. */
  readonly maxFileBytes: number;
  /** Say what would be done, and change nothing. */
  readonly dryRun?: boolean;
  /** Aborted, the merge ends between two steps, with the signal's reason; the next one goes on. */
  readonly signal?: AbortSignal;
  /** In days of the archive. */
  readonly onProgress?: (done: number, total: number, detail?: string) => void;
}

export interface MergeReport {
  /** Small files that larger ones now have the records of. */
  readonly mergedFileCount: number;
  /** Those larger ones. */
  readonly placedFileCount: number;
  /** Of those; 0 in a dry run. */
  readonly placedBytes: number;
  /** Small files removed, of larger ones that had been there for long enough. */
  readonly removedFileCount: number;
  /** Small files that nobody reads any more, and that wait for that. */
  readonly waitingFileCount: number;
  /** How often files were replaced while they were merged: the next merge takes them. */
  readonly changedCount: number;
  /** What somebody has to look at. */
  readonly leftAlone: readonly {
    readonly day: string;
    readonly partition: number;
    /** "differs": smaller files have records that a larger one lacks, as where a rewrite was cut off; "damaged": a file cannot be read. */
    readonly reason: 'differs' | 'damaged';
    readonly path: string;
  }[];
}

export interface ArchiveExtent {
  readonly recordCount: number;
  readonly fileCount: number;
  /**
   * Largest occurred_at_ms of the archived events, but for those that occurred, as they say, further ahead of their receipt, or of
   * their record, than the contract lets a clock be; undefined when there is none.
   */
  readonly maxOccurredAtMs: number | undefined;
  readonly minOccurredAtMs: number | undefined;
  /** By when events occurred, ascending; without those that `maxOccurredAtMs` leaves out. */
  readonly days: readonly DayOfLog[];
}

/**
 * What was read of the log for a run: the offsets of its records, and around them those that held none, as the markers of
 * transactions and what compaction removed.
 */
export interface RunRange {
  /** Default: where what the archive has before the run's first record ends, or that record. */
  readonly firstOffset?: number;
  /** Default: one after the run's last record. */
  readonly nextOffset?: number;
  /**
   * Records that say they are of a later day lie in this time's, unless the partition is further already. Of who archives what comes
   * in: days never decrease, so a clock that is years ahead would drag all that follows with it. Default: any day.
   */
  readonly notAfterMs?: number;
}

export interface EventArchive {
  /**
   * Archives a run of one partition, ascending by offset. Complete and durable once resolved; after a crash in the
   * middle, `nextOffset` tells how much is there. A run without records accounts for its range, of which both ends are to be given.
   * @throws ArchiveWriteError (retriable), with the path and the cause, as for a full disk
   */
  write(topic: string, partition: number, records: readonly LogRecord[], range?: RunRange): Promise<void>;
  /** Those that it has anything of, ascending. */
  partitions(topic: string): Promise<number[]>;
  /** One after the last archived offset; undefined when nothing of this partition is there. */
  nextOffset(topic: string, partition: number): Promise<number | undefined>;
  /** First offset that the archive accounts for; undefined when nothing of this partition is there. */
  firstOffset(topic: string, partition: number): Promise<number | undefined>;
  /**
   * Streams records, each (partition, offset) once even where files overlap. Their values share memory, up to 64 KiB, with those
   * of their neighbours: copy what is to be kept for long.
   * @throws ArchiveCorruptError naming the file; ArchiveGapError when a file between two others of its partition is missing
   */
  read(topic: string, options: ArchiveReadOptions): AsyncIterable<readonly LogRecord[]>;
  /** As `read` in the order of keys, all of a key's records in a partition together and in columns. @throws as `read` */
  readKeys(topic: string, range?: ArchiveReadRange): AsyncIterable<readonly KeyedRecords[]>;
  extent(topic: string): Promise<ArchiveExtent>;
  /**
   * Lets `work` ask a topic's records by SQL; temporary tables live as long as it does. A topic without any is an empty table.
   * @throws EventArchiveError, and what `work` throws
   */
  analyse<T>(
    topic: string,
    options: { readonly fromDay?: string },
    work: (table: ArchiveTable) => Promise<T>,
  ): Promise<T>;
  /**
   * Removes the records that `keep` does not want from every file there is, whole file by whole file: at any moment a
   * file is there as it was, as it is to be, or, after a crash, both; running it again finishes. Ranges stay, so
   * `nextOffset` and the search for gaps do. A reader that had planned to read a replaced file fails with
   * ArchiveCorruptError and can begin again. Records that a merge has put into another file meanwhile are removed there too.
   */
  rewrite(topic: string, keep: (record: LogRecord) => boolean): Promise<RewriteReport>;
  /**
   * Merges small files into larger ones, of days that are over in their partition: there is a later file of it. Readers read each record
   * once at every step. Running it again goes on after a crash, removes the small files when their time has come, and else changes nothing.
   * Any number of merges, rewrites and writers may work at the same time.
   * @throws ArchiveWriteError, and the reason of the signal
   */
  merge(topic: string, options: MergeOptions): Promise<MergeReport>;
  close(): Promise<void>;
}

export class EventArchiveError extends PortError {}

export class ArchiveWriteError extends EventArchiveError {
  constructor(
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(`cannot write archive file ${path}`, 'archive-write', true, options);
  }
}

export class ArchiveCorruptError extends EventArchiveError {
  constructor(
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(
      `archive file ${path} cannot be read: move it away and archive its offsets again from the log, or restore it`,
      'archive-corrupt',
      false,
      options,
    );
  }
}
