/**
 * Streams records out of Parquet files, one partition after the other. In 'offset' order the files are in order
 * already and nothing is sorted; in 'key' order DuckDB sorts one partition at a time, on disk beyond its memory limit.
 * The next chunk is fetched while the consumer works on this one.
 */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { blobsOf } from './blobs';
import { ArchiveCorruptError, EventArchiveError } from './port';
import { type FilePart, groupInOrder, type PartitionPlan } from './read-plan';
import { sqlReadPath } from './sql';
import type { ArchiveStorage } from './storage';

export async function* readPartition(
  connection: DuckDBConnection,
  storage: ArchiveStorage,
  topic: string,
  plan: PartitionPlan,
  order: 'key' | 'offset',
): AsyncGenerator<LogRecord[]> {
  // Sorting by key needs all of a partition at once.
  const pieces = order === 'key' ? [plan.parts] : groupInOrder(plan.parts, storage.localLimitBytes);
  for (const piece of pieces) {
    const { parts, release } = await storage.fetch(piece, true);
    try {
      if (order === 'key') yield* runQuery(connection, topic, plan.partition, parts, ' ORDER BY key, "offset"');
      else yield* inOffsetOrder(connection, topic, plan.partition, parts);
    } finally {
      release();
    }
  }
}

async function* inOffsetOrder(
  connection: DuckDBConnection,
  topic: string,
  partition: number,
  parts: readonly FilePart[],
): AsyncGenerator<LogRecord[]> {
  let lastOffset = -1;
  for await (const records of runQuery(connection, topic, partition, parts, '')) {
    for (const { offset } of records) {
      if (offset <= lastOffset)
        throw await describeFailure(connection, parts, new Error(`offset ${offset} after ${lastOffset}`));
      lastOffset = offset;
    }
    yield records;
  }
}

/** SELECT … FROM the parts. Columns as SQL; of files that differ in their columns, those of all. */
export function selectParts(columns: string, parts: readonly FilePart[]): string {
  const whole = parts.filter((part) => part.fromOffset === undefined);
  const selects = parts
    .filter((part) => part.fromOffset !== undefined)
    .map((part) => `SELECT ${columns} FROM ${source([part])} WHERE "offset" >= ${part.fromOffset}`);
  if (whole.length > 0) selects.unshift(`SELECT ${columns} FROM ${source(whole)}`);
  return selects.join(' UNION ALL ');
}

/**
 * What went wrong while reading these parts: the file that cannot be read, found by reading each alone, or, where
 * all can, the engine's own error.
 */
export async function describeFailure(
  connection: DuckDBConnection,
  parts: readonly FilePart[],
  cause: unknown,
): Promise<EventArchiveError> {
  for (const { file } of parts) {
    try {
      const result = await connection.stream(
        `SELECT ${RECORD_COLUMNS} FROM ${source([{ file, fromOffset: undefined }])}`,
      );
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0;) chunk = await result.fetchChunk();
    } catch (error) {
      return new ArchiveCorruptError(file.path, { cause: error });
    }
  }
  return new EventArchiveError(`cannot read the archive: ${String(cause)}`, 'archive-read', true, { cause });
}

/** Numbers come as doubles: exact up to 2^53, and far cheaper than big integers. */
const RECORD_COLUMNS = '"offset"::DOUBLE AS "offset", timestamp_ms::DOUBLE AS timestamp_ms, key, value';
/**
 * Beside them, what tells that a row has the key of the row before it: reading a text out of a chunk costs more than all
 * else of a record. A prime below 2^53, so that a double holds the hash; two keys that follow each other and differ share it
 * once in 10^16.
 */
const KEY_HASH = '(hash(key) % 9007199254740881)::DOUBLE AS key_hash';

async function* runQuery(
  connection: DuckDBConnection,
  topic: string,
  partition: number,
  parts: readonly FilePart[],
  orderBy: string,
): AsyncGenerator<LogRecord[]> {
  let pending: Promise<DuckDBDataChunk | null> | undefined;
  try {
    const result = await connection.stream(`${selectParts(`${RECORD_COLUMNS}, ${KEY_HASH}`, parts)}${orderBy}`);
    pending = result.fetchChunk();
    for (;;) {
      const chunk = await pending;
      pending = undefined;
      if (!chunk || chunk.rowCount === 0) return;
      pending = result.fetchChunk();
      // Not awaited while the consumer works: a failure waits for the next turn.
      pending.catch(() => undefined);
      yield toRecords(topic, partition, chunk);
    }
  } catch (error) {
    if (error instanceof EventArchiveError) throw error;
    throw await describeFailure(connection, parts, error);
  } finally {
    await pending?.catch(() => undefined);
  }
}

function toRecords(topic: string, partition: number, chunk: DuckDBDataChunk): LogRecord[] {
  const offsets = chunk.getColumnVector(0);
  const timestamps = chunk.getColumnVector(1);
  const keys = chunk.getColumnVector(2);
  const values = blobsOf(chunk, 3);
  const keyHashes = chunk.getColumnVector(4);
  const records = new Array<LogRecord>(chunk.rowCount);
  let [key, lastHash] = ['', NaN];
  for (let i = 0; i < records.length; i++) {
    const keyHash = keyHashes.getItem(i) as number;
    if (keyHash !== lastHash) key = keys.getItem(i) as string;
    lastHash = keyHash;
    records[i] = {
      topic,
      partition,
      offset: offsets.getItem(i) as number,
      timestampMs: timestamps.getItem(i) as number,
      key,
      value: values[i],
    };
  }
  return records;
}

function source(parts: readonly FilePart[]): string {
  const paths = parts.map(({ file }) => sqlReadPath(file.path)).join(', ');
  return `read_parquet([${paths}], hive_partitioning = false, union_by_name = true)`;
}
