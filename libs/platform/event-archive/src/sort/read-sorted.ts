/**
 * A partition's records by key. One that is not too large DuckDB sorts at once; of a larger one it sorts some at a time, which are written to
 * disk as runs and then merged. So reading takes the same memory whatever the size of the partition, and once runs are merged DuckDB has none.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
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

export interface Sorter {
  readonly connection: DuckDBConnection;
  /** Of its own, for runs. */
  readonly folder: string;
  /** Records that it sorts at once, before compression. */
  readonly limitBytes: number;
  /** Gives back what the connection's database holds. */
  closeDatabase(): void;
}

/** Ascending by key, then by offset. */
export async function* readSorted(
  sorter: Sorter,
  storage: ArchiveStorage,
  plan: PartitionPlan,
): AsyncGenerator<RecordBatch> {
  const { connection, limitBytes } = sorter;
  const runs = new Runs(sorter.folder);
  const pieces = groupByBytes(plan.parts, storage.localLimitBytes);
  for (const piece of pieces) {
    const { parts, release } = await storage.fetch(piece, true);
    try {
      const sorts = await planOf(connection, parts, limitBytes);
      if (pieces.length === 1 && sorts.length === 1) {
        yield* sorted(connection, sorts[0]);
        return;
      }
      for (const sort of sorts) await runs.add(sorted(connection, sort));
    } finally {
      release();
    }
  }
  sorter.closeDatabase();
  yield* runs.merged();
}

const sorted = (connection: DuckDBConnection, parts: readonly FilePart[]) =>
  chunksOf(connection, parts, ' ORDER BY key, "offset"');

async function planOf(connection: DuckDBConnection, parts: readonly FilePart[], limitBytes: number) {
  try {
    return await planSorts(connection, parts, limitBytes);
  } catch (error) {
    throw await describeFailure(connection, parts, error);
  }
}

/** Runs of a partition in a folder, each with larger offsets than those before it. */
class Runs {
  private paths: string[] = [];
  private count = 0;

  constructor(private readonly folder: string) {}

  async add(batches: AsyncIterable<RecordBatch>): Promise<void> {
    this.paths.push(await this.write(batches));
  }

  async *merged(): AsyncGenerator<RecordBatch> {
    while (this.paths.length > MOST_RUNS) {
      const merged: string[] = [];
      for (let first = 0; first < this.paths.length; first += MOST_RUNS) {
        const paths = this.paths.slice(first, first + MOST_RUNS);
        merged.push(paths.length === 1 ? paths[0] : await this.write(mergeRuns(paths)));
        if (paths.length > 1) await Promise.all(paths.map((path) => rm(path)));
      }
      this.paths = merged;
    }
    yield* mergeRuns(this.paths);
  }

  private async write(batches: AsyncIterable<RecordBatch>): Promise<string> {
    const path = join(this.folder, `run-${this.count++}`);
    try {
      await writeRun(path, batches);
    } catch (error) {
      if (error instanceof EventArchiveError) throw error;
      throw new EventArchiveError(`cannot sort in ${this.folder}: ${String(error)}`, 'archive-read', true, {
        cause: error,
      });
    }
    return path;
  }
}
