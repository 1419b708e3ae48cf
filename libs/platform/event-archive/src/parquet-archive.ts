/**
 * The event archive as Parquet files in a folder or an object store, through DuckDB in this process.
 *
 * What the storage lists counts; so several processes may archive different partitions, and one that takes over a partition goes
 * on where the last one ended.
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { makeOwnFolder } from '@watchnext/folder-lock';
import { extentOf, NO_EXTENT } from './archive-extent';
import { isTopicName } from './archive-files';
import { ArchiveRewriter } from './archive-rewriter';
import { analyseParts } from './archive-table';
import { FolderStorage } from './folder-storage';
import { ArchiveMerger } from './merge/archive-merger';
import { type KeyedRecords, keyedRecordsOf } from './keyed-records';
import { readByOffset } from './parquet-reader';
import {
  type ArchiveExtent,
  type ArchiveReadOptions,
  type ArchiveReadRange,
  type ArchiveTable,
  type EventArchive,
  EventArchiveError,
  type MergeOptions,
  type MergeReport,
  type RewriteReport,
  type RunRange,
} from './port';
import { ArchiveGapError, narrowPlans, type PartitionPlan, planReading } from './read-plan';
import { type RecordBatch, recordsOf } from './record-chunk';
import { endOffset, RunWriter } from './run-writer';
import { Sorter } from './sort/sorter';
import type { ArchiveStorage } from './storage';

export interface ParquetArchiveOptions {
  /** What DuckDB may use before it works on disk, and as much again while records are read by key; default 1,024. */
  readonly memoryLimitMiB?: number;
  /**
   * Records that DuckDB sorts at once where they are read by key, before compression; default 96, or a quarter of `memoryLimitMiB` where that is
   * less. A partition with more is sorted in parts, which wait on disk to be merged.
   */
  readonly sortedAtOnceMiB?: number;
  /** Where it sorts on disk, in a folder of its own; default: the system's folder for temporary files. */
  readonly spillParent?: string;
  /**
   * Days of a run with fewer records share a file with those after them, in the folder of the last of them, where a
   * reader that wants all from a day on finds them; default: each day has its own. For history written in bulk.
   */
  readonly leastRecordsPerFile?: number;
}

const MEMORY_LIMIT_MIB = 1_024;
/** DuckDB takes some 180 MiB to sort so much, and fails where its limit is about as small as what it sorts. */
const SORTED_AT_ONCE_MIB = 96;

/** A listing taken while a writer adds files may show a later one and miss an earlier one; the next one shows both. */
const LISTING_ATTEMPTS = 3;

interface SortedPartition {
  readonly partition: number;
  readonly batches: AsyncIterable<RecordBatch>;
}

/** Opens (and creates, on the first write) an archive in a folder. Make one per process and close it at the end. */
export function openParquetArchive(directory: string, options: ParquetArchiveOptions = {}): EventArchive {
  return new ParquetArchive(new FolderStorage(directory), options);
}

/** The archive on any storage. */
export class ParquetArchive implements EventArchive {
  private readonly spillDirectory: Promise<string>;
  private readonly database: Promise<DuckDBInstance>;
  private readonly writer: RunWriter;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly storage: ArchiveStorage,
    private readonly options: ParquetArchiveOptions,
  ) {
    // Archives in a place that containers share do not see each other's processes.
    this.spillDirectory = makeOwnFolder(options.spillParent ?? tmpdir(), 'watchnext-duckdb', { isShared: true });
    this.database = this.spillDirectory.then((folder) => openDatabase(options, folder));
    this.database.catch(() => undefined);
    this.writer = new RunWriter(storage, this.database, options.leastRecordsPerFile ?? 1);
  }

  write(topic: string, partition: number, records: readonly LogRecord[], range: RunRange = {}): Promise<void> {
    if (this.closing) return Promise.reject(closedError());
    return this.writer.write(topic, partition, records, range);
  }

  async partitions(topic: string): Promise<number[]> {
    if (!isTopicName(topic)) return [];
    const files = await this.storage.listFiles(topic);
    return [...new Set(files.map(({ partition }) => partition))].sort((a, b) => a - b);
  }

  nextOffset(topic: string, partition: number): Promise<number | undefined> {
    return endOffset(this.storage, topic, partition);
  }

  async firstOffset(topic: string, partition: number): Promise<number | undefined> {
    if (!isTopicName(topic)) return undefined;
    for (const day of await this.storage.listDays(topic)) {
      const [first] = await this.storage.listDayFiles(topic, day, partition);
      if (first) return first.firstOffset;
    }
    return undefined;
  }

  async *read(topic: string, { order, ...range }: ArchiveReadOptions): AsyncGenerator<readonly LogRecord[]> {
    const plans = narrowPlans(await this.plan(topic, range.fromDay), range);
    if (plans.length === 0) return;
    if (order === 'key') {
      for await (const { partition, batches } of this.sorted(plans)) {
        for await (const batch of batches) yield recordsOf(batch, topic, partition);
      }
      return;
    }
    const connection = await (await this.openDatabase()).connect();
    try {
      for (const plan of plans) yield* readByOffset({ connection, storage: this.storage, topic, plan });
    } finally {
      connection.closeSync();
    }
  }

  async *readKeys(topic: string, range: ArchiveReadRange = {}): AsyncGenerator<readonly KeyedRecords[]> {
    const plans = narrowPlans(await this.plan(topic, range.fromDay), range);
    for await (const { partition, batches } of this.sorted(plans)) yield* keyedRecordsOf(batches, topic, partition);
  }

  /** Each partition's records by key. The batches of one are to be taken before the next one is asked for. */
  private async *sorted(plans: readonly PartitionPlan[]): AsyncGenerator<SortedPartition> {
    if (plans.length === 0) return;
    if (this.closing) throw closedError();
    const { memoryLimitMiB = MEMORY_LIMIT_MIB, sortedAtOnceMiB = Math.min(SORTED_AT_ONCE_MIB, memoryLimitMiB / 4) } =
      this.options;
    const sorter = new Sorter(
      this.storage,
      await this.spillDirectory,
      (folder) => openDatabase(this.options, folder),
      sortedAtOnceMiB * 2 ** 20,
    );
    try {
      for (const plan of plans) yield { partition: plan.partition, batches: sorter.read(plan) };
    } finally {
      await sorter.close();
    }
  }

  async extent(topic: string): Promise<ArchiveExtent> {
    const plans = await this.plan(topic, undefined);
    if (plans.length === 0) return NO_EXTENT;
    const connection = await (await this.openDatabase()).connect();
    try {
      return await extentOf(
        connection,
        this.storage,
        plans.flatMap((plan) => plan.parts),
      );
    } finally {
      connection.closeSync();
    }
  }

  async analyse<T>(
    topic: string,
    { fromDay }: { readonly fromDay?: string },
    work: (table: ArchiveTable) => Promise<T>,
  ): Promise<T> {
    const plans = await this.plan(topic, fromDay);
    const connection = await (await this.openDatabase()).connect();
    try {
      const { parts, release } = await this.storage.fetch(
        plans.flatMap((plan) => plan.parts),
        false,
      );
      try {
        return await analyseParts(connection, parts, work);
      } finally {
        release();
      }
    } finally {
      connection.closeSync();
    }
  }

  async rewrite(topic: string, keep: (record: LogRecord) => boolean): Promise<RewriteReport> {
    return new ArchiveRewriter(this.storage, await this.openDatabase()).rewrite(topic, keep);
  }

  async merge(topic: string, options: MergeOptions): Promise<MergeReport> {
    return new ArchiveMerger(this.storage, await this.openDatabase()).merge(topic, options);
  }

  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  private async closeAll(): Promise<void> {
    await this.writer.settled();
    this.storage.close();
    // What could not be opened was told to whoever asked for it.
    const [database, spillDirectory] = await Promise.allSettled([this.database, this.spillDirectory]);
    if (database.status === 'fulfilled') database.value.closeSync();
    if (spillDirectory.status === 'fulfilled') await rm(spillDirectory.value, { recursive: true, force: true });
  }

  private async openDatabase(): Promise<DuckDBInstance> {
    if (this.closing) throw closedError();
    return this.database;
  }

  private async plan(topic: string, fromDay: string | undefined): Promise<PartitionPlan[]> {
    if (!isTopicName(topic)) return [];
    for (let attempt = 1; ; attempt++) {
      const plans = planReading(await this.storage.listFiles(topic, fromDay));
      const gapped = plans.find((plan) => plan.gap !== undefined);
      if (gapped?.gap === undefined) return plans;
      if (attempt === LISTING_ATTEMPTS)
        throw new ArchiveGapError(topic, gapped.partition, gapped.gap.from, gapped.gap.to);
    }
  }
}

function openDatabase(options: ParquetArchiveOptions, spillDirectory: string): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitMiB ?? MEMORY_LIMIT_MIB}MiB`,
    temp_directory: spillDirectory,
    preserve_insertion_order: 'true',
  });
}

function closedError(): EventArchiveError {
  return new EventArchiveError('the archive is closed', 'archive-closed', false);
}
