/** An archive in a folder with a past day of small files, and processes that merge it and remove records of it. */
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { HOUR_MS } from '@watchnext/features';
import type { ArchiveFile } from '../../src/archive-files';
import { ArchiveRewriter } from '../../src/archive-rewriter';
import { FolderStorage } from '../../src/folder-storage';
import { ArchiveMerger } from '../../src/merge/archive-merger';
import { ParquetArchive } from '../../src/parquet-archive';
import type { MergeOptions } from '../../src/port';
import { type Gate, SteppedStorage } from './stepped-storage';

export const TOPIC = 'events';
export const PAST_DAY = '2026-11-23';
export const NEXT_DAY = '2026-11-24';
/** Whose records are to be removed: one in three. */
export const GONE = 'gone';

export function recordsOf(from: number, count: number, day = PAST_DAY, partition = 0): LogRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const offset = from + i;
    const key = offset % 3 === 1 ? GONE : `user-${offset % 2}`;
    const value = Buffer.from(`value ${offset}`);
    return { topic: TOPIC, partition, offset, timestampMs: Date.parse(day) + offset, key, value };
  });
}

export const isKept = ({ key }: LogRecord): boolean => key !== GONE;

export const plain = (records: readonly LogRecord[]): string[] =>
  records.map(({ partition, offset, timestampMs, key, value }) =>
    [partition, offset, timestampMs, key, Buffer.from(value).toString()].join(' '),
  );

/** @param sizes of the small files of partition 0 in the past day, in records; another follows in the next day */
export async function openMergingWorld(sizes: readonly number[]) {
  const directory = await mkdtemp(join(tmpdir(), 'watchnext-merging-'));
  const storage = new FolderStorage(directory);
  const database = await DuckDBInstance.create();
  const archive = new ParquetArchive(storage, {});
  const records: LogRecord[] = [];
  for (const size of sizes) {
    const run = recordsOf(records.length, size);
    await archive.write(TOPIC, 0, run);
    records.push(...run);
  }
  const next = recordsOf(records.length, 2, NEXT_DAY);
  await archive.write(TOPIC, 0, next);
  records.push(...next);

  const throughGate = (gate?: Gate) => (gate ? new SteppedStorage(storage, gate) : storage);
  return {
    directory,
    storage,
    archive,
    records,
    merge: (options: Partial<MergeOptions> = {}, gate?: Gate) =>
      new ArchiveMerger(throughGate(gate), database).merge(TOPIC, {
        graceMs: HOUR_MS,
        maxFileBytes: 2 ** 30,
        ...options,
      }),
    forget: (gate?: Gate) => new ArchiveRewriter(throughGate(gate), database).rewrite(TOPIC, isKept),
    files: (): Promise<ArchiveFile[]> => storage.listFiles(TOPIC),
    /** Lets two hours pass. */
    async age(): Promise<void> {
      const then = new Date(Date.now() - 2 * HOUR_MS);
      for (const { path } of await storage.listFiles(TOPIC)) await utimes(path, then, then);
    },
    /** In all files, those included that readers pass over. */
    async countGone(): Promise<number> {
      let count = 0;
      await archive.rewrite(TOPIC, (record) => {
        if (!isKept(record)) count++;
        return true;
      });
      return count;
    },
    async read(order: 'key' | 'offset' = 'offset'): Promise<LogRecord[]> {
      const found: LogRecord[] = [];
      for await (const batch of archive.read(TOPIC, { order })) found.push(...batch);
      return found;
    },
    async close(): Promise<void> {
      await archive.close();
      database.closeSync();
      await rm(directory, { recursive: true });
    },
  };
}

export type MergingWorld = Awaited<ReturnType<typeof openMergingWorld>>;

export class Killed extends Error {}

/** From its step `at` on a process does nothing more. */
export function killedAt(at: number, gate: Gate = async () => undefined): Gate & { readonly steps: string[] } {
  const steps: string[] = [];
  const killing = async (step: string) => {
    steps.push(step);
    await gate(step);
    if (steps.length > at) throw new Killed(step);
  };
  return Object.assign(killing, { steps });
}

export const wasKilled = (error: unknown): boolean =>
  error instanceof Killed || (error instanceof Error && wasKilled(error.cause));
