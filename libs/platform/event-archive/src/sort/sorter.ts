/**
 * A partition's records by key. One that is not too large DuckDB sorts at once; of a larger one it sorts some at a time, which are written to
 * disk as runs and then merged. So reading takes the same memory whatever the size of the partition.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { chunksOf, describeFailure } from '../parquet-reader';
import { EventArchiveError } from '../port';
import { type FilePart, groupByBytes, type PartitionPlan } from '../read-plan';
import type { RecordBatch } from '../record-chunk';
import type { ArchiveStorage } from '../storage';
import { mergeRuns } from './merge-runs';
import { planSorts } from './plan-sorts';
import { writeRun } from './sorted-run';

/** Runs merged at once: so many files are open, and 64 KiB of each in memory. */
const MOST_RUNS = 128;

/**
 * What DuckDB sorted with it keeps until its database is closed. Who read by key has made something large of it meanwhile, and goes on
 * to make more: so it is a database of its own, closed before runs are merged and where the reading ends.
 */
export class Sorter {
  private folder: string | undefined;
  private open: { readonly database: DuckDBInstance; readonly connection: DuckDBConnection } | undefined;
  private runCount = 0;

  /**
   * @param parentFolder of a folder for this one alone: two databases must not share one, their files there have the same names
   * @param openDatabase that sorts in this folder
   * @param limitBytes of records in one sort, before compression
   */
  constructor(
    private readonly storage: ArchiveStorage,
    private readonly parentFolder: string,
    private readonly openDatabase: (folder: string) => Promise<DuckDBInstance>,
    private readonly limitBytes: number,
  ) {}

  /** Ascending by key, then by offset. */
  async *read(plan: PartitionPlan): AsyncGenerator<RecordBatch> {
    const folder = (this.folder ??= await mkdtemp(join(this.parentFolder, 'sorting-')));
    const pieces = groupByBytes(plan.parts, this.storage.localLimitBytes);
    let runs: string[] = [];
    for (const piece of pieces) {
      const { parts, release } = await this.storage.fetch(piece, true);
      try {
        const connection = await this.connect(folder);
        const sorts = await this.planSorts(connection, parts);
        if (pieces.length === 1 && sorts.length === 1) {
          yield* sorted(connection, sorts[0]);
          return;
        }
        for (const sort of sorts) runs.push(await this.writeRun(folder, sorted(connection, sort)));
      } finally {
        release();
      }
    }
    this.closeDatabase();
    while (runs.length > MOST_RUNS) runs = await this.mergeSome(folder, runs);
    yield* mergeRuns(runs);
    await removeAll(runs);
  }

  /** Also where not all was read. */
  async close(): Promise<void> {
    this.closeDatabase();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }

  private async connect(folder: string): Promise<DuckDBConnection> {
    if (!this.open) {
      const database = await this.openDatabase(folder);
      this.open = { database, connection: await database.connect() };
    }
    return this.open.connection;
  }

  private closeDatabase(): void {
    this.open?.connection.closeSync();
    this.open?.database.closeSync();
    this.open = undefined;
  }

  private async planSorts(connection: DuckDBConnection, parts: readonly FilePart[]): Promise<FilePart[][]> {
    try {
      return await planSorts(connection, parts, this.limitBytes);
    } catch (error) {
      throw await describeFailure(connection, parts, error);
    }
  }

  /** Fewer, in the same order. */
  private async mergeSome(folder: string, runs: readonly string[]): Promise<string[]> {
    const merged: string[] = [];
    for (let first = 0; first < runs.length; first += MOST_RUNS) {
      const some = runs.slice(first, first + MOST_RUNS);
      merged.push(await this.writeRun(folder, mergeRuns(some)));
      await removeAll(some);
    }
    return merged;
  }

  private async writeRun(folder: string, batches: AsyncIterable<RecordBatch>): Promise<string> {
    const path = join(folder, `run-${this.runCount++}`);
    try {
      await writeRun(path, batches);
      return path;
    } catch (error) {
      if (error instanceof EventArchiveError) throw error;
      throw new EventArchiveError(`cannot sort in ${folder}: ${String(error)}`, 'archive-read', true, { cause: error });
    }
  }
}

const sorted = (connection: DuckDBConnection, parts: readonly FilePart[]) =>
  chunksOf(connection, parts, ' ORDER BY key, "offset"');

async function removeAll(paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map((path) => rm(path)));
}
