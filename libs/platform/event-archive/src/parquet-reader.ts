/**
 * Streams records out of Parquet files. In the order of offsets the files are already, and nothing is sorted; by key: `sort/sorter.ts`.
 * The next chunk is fetched while the consumer works on this one.
 */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { ArchiveCorruptError, EventArchiveError } from './port';
import { type FilePart, groupInOrder, type PartitionPlan } from './read-plan';
import { KEY_HASH, RECORD_COLUMNS, RecordChunk, recordsOf } from './record-chunk';
import { sqlReadPath } from './sql';
import type { ArchiveStorage } from './storage';

/** What reading a partition in the order of offsets takes. */
export interface PartitionSource {
  readonly connection: DuckDBConnection;
  readonly storage: ArchiveStorage;
  readonly topic: string;
  readonly plan: PartitionPlan;
}

/** Ascending by offset. */
export async function* readByOffset(source: PartitionSource): AsyncGenerator<LogRecord[]> {
  const { topic, plan } = source;
  for await (const chunk of chunksByOffset(source)) yield recordsOf(chunk, topic, plan.partition);
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
  const isWhole = ({ fromOffset, endOffset }: FilePart) => fromOffset === undefined && endOffset === undefined;
  const whole = parts.filter(isWhole);
  const selects = parts
    .filter((part) => !isWhole(part))
    .map((part) => `SELECT ${columns} FROM ${source([part])} WHERE ${rangeOf(part)}`);
  if (whole.length > 0) selects.unshift(`SELECT ${columns} FROM ${source(whole)}`);
  return selects.join(' UNION ALL ');
}

function rangeOf({ fromOffset, endOffset }: FilePart): string {
  const bounds = [];
  if (fromOffset !== undefined) bounds.push(`"offset" >= ${fromOffset}`);
  if (endOffset !== undefined) bounds.push(`"offset" < ${endOffset}`);
  return bounds.join(' AND ');
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

/** Each is to be used before the next one is asked for. @param orderBy SQL; none: in the order of the files */
export async function* chunksOf(
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
