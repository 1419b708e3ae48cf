/** Copies records from files into new ones as they are: columns that older files lack stay null, and nothing but a few row groups is in memory. */
import { rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { NO_ROWS } from './archive-table';
import { describeFailure, selectParts } from './parquet-reader';
import { toFile } from './parquet-writer';
import { type FilePart, groupInOrder } from './read-plan';
import { sqlReadPath } from './sql';
import type { ArchiveStorage } from './storage';

/**
 * Writes all records of these parts into one file, ascending. Files are fetched some hundreds at a time; what becomes of those lies
 * beside the new file until all are there.
 *
 * @param parts of one partition, in order and without overlap
 * @throws ArchiveCorruptError, also for a file that is gone, what the storage throws, Error where records do not ascend, and the reason of `signal`
 */
export async function writeJoined(
  connection: DuckDBConnection,
  storage: ArchiveStorage,
  parts: readonly FilePart[],
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const groups = groupInOrder(parts, storage.localLimitBytes);
  const pieces = groups.length === 1 ? [path] : groups.map((_, index) => `${path}.${index}`);
  try {
    let recordCount = 0;
    for (const [index, group] of groups.entries()) {
      signal?.throwIfAborted();
      const { parts: local, release } = await storage.fetch(group, true);
      try {
        const records = `${NO_ROWS} UNION ALL BY NAME (${selectParts('*', local)})`;
        recordCount += await copyInto(connection, pieces[index], records).catch(async (error: unknown) => {
          // Where every file can be read, writing is at fault.
          const failure = await describeFailure(connection, local, error);
          throw failure.code === 'archive-corrupt' ? failure : error;
        });
      } finally {
        release();
      }
    }
    signal?.throwIfAborted();
    if (groups.length > 1) await copyInto(connection, path, `SELECT * FROM ${filesOf(pieces)}`);
    await requireAscending(connection, path, recordCount);
  } finally {
    if (groups.length > 1) for (const piece of pieces) await rm(piece, { force: true });
  }
}

/** Writes a file's records but for those at some offsets. @param local the file, or a copy of it. @throws as `writeJoined` */
export async function writeWithout(
  connection: DuckDBConnection,
  local: FilePart,
  goneOffsets: readonly number[],
  path: string,
): Promise<void> {
  await connection.run('CREATE OR REPLACE TEMP TABLE gone ("offset" BIGINT)');
  const appender = await connection.createAppender('gone');
  for (const offset of goneOffsets) {
    appender.appendBigInt(BigInt(offset));
    appender.endRow();
  }
  appender.closeSync();
  const kept = `SELECT * FROM (${selectParts('*', [local])}) ANTI JOIN gone USING ("offset")`;
  await requireAscending(connection, path, await copyInto(connection, path, kept));
}

/** @returns how many records were written */
async function copyInto(connection: DuckDBConnection, path: string, select: string): Promise<number> {
  const result = await connection.runAndReadAll(`COPY (${select}) ${toFile(path)}`);
  return Number(result.getRows()[0]?.[0]);
}

/** Readers rely on it, so it is looked at before anybody can read the file: the order is DuckDB's to keep. */
async function requireAscending(connection: DuckDBConnection, path: string, recordCount: number): Promise<void> {
  const result = await connection.runAndReadAll(`
    SELECT count(*)::DOUBLE, (count(*) FILTER (WHERE "offset" <= before))::DOUBLE
    FROM (SELECT "offset", lag("offset") OVER () AS before FROM ${filesOf([path])})`);
  const [count, misplaced] = result.getRows()[0] as [number, number];
  if (count !== recordCount || misplaced > 0)
    throw new Error(`${count} of ${recordCount} records were written, ${misplaced} of them out of order`);
}

const filesOf = (paths: readonly string[]) =>
  `read_parquet([${paths.map(sqlReadPath).join(', ')}], hive_partitioning = false, union_by_name = true)`;
