/**
 * Streams records out of Parquet files, one partition after the other. In 'offset' order the files are in order
 * already and nothing is sorted; in 'key' order DuckDB sorts one partition at a time, on disk beyond its memory limit.
 * The next chunk is fetched while the consumer works on this one.
 */
import type { DuckDBBlobVector, DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { checksumFile } from './checksum';
import { ArchiveCorruptError, EventArchiveError } from './port';
import type { FilePart, PartitionPlan } from './read-plan';
import { sqlReadPath } from './sql';

/** One file in turn for so many of DuckDB's readers that its lists of files stay short. */
const FILES_PER_QUERY = 256;

export async function* readPartition(
  connection: DuckDBConnection,
  topic: string,
  plan: PartitionPlan,
  order: 'key' | 'offset',
): AsyncGenerator<LogRecord[]> {
  if (order === 'key') {
    await verifyFiles(plan.parts);
    yield* runQuery(connection, topic, plan.partition, plan.parts, ' ORDER BY key, "offset"');
    return;
  }
  for (const parts of groupInOrder(plan.parts)) {
    await verifyFiles(parts);
    let lastOffset = -1;
    for await (const records of runQuery(connection, topic, plan.partition, parts, '')) {
      for (const { offset } of records) {
        if (offset <= lastOffset)
          throw await describeFailure(connection, parts, new Error(`offset ${offset} after ${lastOffset}`));
        lastOffset = offset;
      }
      yield records;
    }
  }
}

/** @throws ArchiveCorruptError for a file whose bytes are not those that were written */
async function verifyFiles(parts: readonly FilePart[]): Promise<void> {
  for (const { file } of parts) {
    let checksum: string;
    try {
      checksum = await checksumFile(file.path);
    } catch (error) {
      throw new ArchiveCorruptError(file.path, { cause: error });
    }
    if (checksum !== file.checksum) {
      throw new ArchiveCorruptError(file.path, { cause: new Error(`its CRC-32 is ${checksum}`) });
    }
  }
}

/** SELECT … FROM the parts. Columns as SQL. */
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

async function* runQuery(
  connection: DuckDBConnection,
  topic: string,
  partition: number,
  parts: readonly FilePart[],
  orderBy: string,
): AsyncGenerator<LogRecord[]> {
  let pending: Promise<DuckDBDataChunk | null> | undefined;
  try {
    const result = await connection.stream(`${selectParts(RECORD_COLUMNS, parts)}${orderBy}`);
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
  const values = chunk.getColumnVector(3) as DuckDBBlobVector;
  const records = new Array<LogRecord>(chunk.rowCount);
  for (let i = 0; i < records.length; i++) {
    records[i] = {
      topic,
      partition,
      offset: offsets.getItem(i) as number,
      timestampMs: timestamps.getItem(i) as number,
      key: keys.getItem(i) as string,
      value: ownBytes(values.getItemBytes(i) as Uint8Array),
    };
  }
  return records;
}

/** Short values are views into a chunk's buffer, which as a whole would stay in memory for each of them. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length <= 12 ? bytes.slice() : bytes;
}

/** Runs of whole files together, and each partly read file alone, so that the order needs no sorting. */
function groupInOrder(parts: readonly FilePart[]): FilePart[][] {
  const groups: FilePart[][] = [];
  for (const part of parts) {
    const last = groups.at(-1);
    const canJoin =
      last && last.length < FILES_PER_QUERY && part.fromOffset === undefined && last[0]?.fromOffset === undefined;
    if (canJoin) last.push(part);
    else groups.push([part]);
  }
  return groups;
}

function source(parts: readonly FilePart[]): string {
  return `read_parquet([${parts.map(({ file }) => sqlReadPath(file.path)).join(', ')}], hive_partitioning = false)`;
}
