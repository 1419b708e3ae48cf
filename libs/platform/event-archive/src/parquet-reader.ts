/**
 * Streams records out of Parquet files, one partition after the other. In 'offset' order the files are in order
 * already and nothing is sorted; by key DuckDB sorts one partition at a time, on disk beyond its memory limit.
 * The next chunk is fetched while the consumer works on this one.
 */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { KeyedRecords, RecordRows } from './keyed-records';
import { ArchiveCorruptError, EventArchiveError } from './port';
import { type FilePart, groupInOrder, type PartitionPlan } from './read-plan';
import { KEY_HASH, RECORD_COLUMNS, RecordChunk } from './record-chunk';
import { sqlReadPath } from './sql';
import type { ArchiveStorage } from './storage';

/** What reading a partition takes. */
export interface PartitionSource {
  readonly connection: DuckDBConnection;
  readonly storage: ArchiveStorage;
  readonly topic: string;
  readonly plan: PartitionPlan;
}

/** Ascending by offset. */
export async function* readByOffset(source: PartitionSource): AsyncGenerator<LogRecord[]> {
  const { topic, plan } = source;
  for await (const chunk of chunksByOffset(source)) yield chunk.records(topic, plan.partition);
}

/** Ascending by key, then by offset. */
export async function* readByKey(source: PartitionSource): AsyncGenerator<LogRecord[]> {
  const { topic, plan } = source;
  for await (const chunk of chunksByKey(source)) yield chunk.records(topic, plan.partition);
}

/** The same, all records of a key together. */
export async function* readKeys(source: PartitionSource): AsyncGenerator<KeyedRecords[]> {
  let rows = new RecordRows(source.topic, source.plan.partition);
  let key: string | undefined;
  /** Of the rows of the key that is not yet complete. */
  let first = 0;
  for await (const chunk of chunksByKey(source)) {
    // The rows that were given out stay as they are.
    if (first > 0) rows = rows.from(first);
    first = 0;
    const keyed: KeyedRecords[] = [];
    const { offsets, timestampsMs } = chunk;
    chunk.eachValue((row, buffer, start, end) => {
      if (!chunk.hasKeyOfRowBefore(row)) {
        const next = chunk.key(row);
        if (key !== undefined && next !== key) {
          keyed.push(new KeyedRecords(key, rows, first, rows.length - first));
          first = rows.length;
        }
        key = next;
      }
      rows.add(offsets[row], timestampsMs[row], buffer, start, end);
    });
    if (keyed.length > 0) yield keyed;
  }
  if (key !== undefined) yield [new KeyedRecords(key, rows, first, rows.length - first)];
}

async function* chunksByKey({ connection, storage, plan }: PartitionSource): AsyncGenerator<RecordChunk> {
  // Sorting needs all of a partition at once.
  const { parts, release } = await storage.fetch(plan.parts, true);
  try {
    yield* chunksOf(connection, parts, ' ORDER BY key, "offset"');
  } finally {
    release();
  }
}

async function* chunksByOffset({ connection, storage, plan }: PartitionSource): AsyncGenerator<RecordChunk> {
  let lastOffset = -1;
  for (const piece of groupInOrder(plan.parts, storage.localLimitBytes)) {
    const { parts, release } = await storage.fetch(piece, true);
    try {
      for await (const chunk of chunksOf(connection, parts, '')) {
        for (const offset of chunk.offsets) {
          if (offset <= lastOffset)
            throw await describeFailure(connection, parts, new Error(`offset ${offset} after ${lastOffset}`));
          lastOffset = offset;
        }
        yield chunk;
      }
    } finally {
      release();
    }
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

async function* chunksOf(
  connection: DuckDBConnection,
  parts: readonly FilePart[],
  orderBy: string,
): AsyncGenerator<RecordChunk> {
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
      yield new RecordChunk(chunk);
    }
  } catch (error) {
    if (error instanceof EventArchiveError) throw error;
    throw await describeFailure(connection, parts, error);
  } finally {
    await pending?.catch(() => undefined);
  }
}

function source(parts: readonly FilePart[]): string {
  const paths = parts.map(({ file }) => sqlReadPath(file.path)).join(', ');
  return `read_parquet([${paths}], hive_partitioning = false, union_by_name = true)`;
}
