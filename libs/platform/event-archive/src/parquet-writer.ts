/**
 * Writes Parquet files.
 *
 * The rows go into a table in memory through DuckDB's data chunks, then through COPY. Each text cell costs a call
 * into native code and each null a step in big integers, and those decide the speed: so numbers travel as doubles
 * (exact up to 2^53), the kind as a number, and what is the same for all rows, or missing, is put in by the SQL.
 * zstd level 1 took three quarters of the default level's time and gave smaller files (200,000 watch events).
 */
import {
  BLOB,
  DOUBLE,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  VARCHAR,
} from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { EVENT_KINDS, type FlatEvent, flattenEvent } from './flatten-event';
import { sqlText } from './sql';

/** A record with the columns of its event. */
export interface ArchiveRow {
  readonly record: LogRecord;
  readonly event: Readonly<FlatEvent>;
}

/** DuckDB's vector size. */
const CHUNK_ROWS = 2_048;

interface Column {
  readonly name: string;
  readonly type: DuckDBType;
  readonly cell: (row: ArchiveRow) => number | string | DuckDBBlobValue | null;
}

const COLUMNS: readonly Column[] = [
  { name: 'offset', type: DOUBLE, cell: ({ record }) => record.offset },
  { name: 'timestamp_ms', type: DOUBLE, cell: ({ record }) => record.timestampMs },
  { name: 'key', type: VARCHAR, cell: ({ record }) => record.key },
  { name: 'kind', type: DOUBLE, cell: ({ event }) => event.kind },
  { name: 'event_id', type: VARCHAR, cell: ({ event }) => event.eventId || null },
  { name: 'user_id', type: VARCHAR, cell: ({ event }) => event.userId || null },
  { name: 'occurred_at_ms', type: DOUBLE, cell: ({ event }) => event.occurredAtMs ?? null },
  { name: 'received_at_ms', type: DOUBLE, cell: ({ event }) => event.receivedAtMs ?? null },
  { name: 'video_id', type: VARCHAR, cell: ({ event }) => event.videoId || null },
  { name: 'request_id', type: VARCHAR, cell: ({ event }) => event.requestId || null },
  { name: 'impression_id', type: VARCHAR, cell: ({ event }) => event.impressionId || null },
  { name: 'playback_id', type: VARCHAR, cell: ({ event }) => event.playbackId || null },
  { name: 'position_seconds', type: DOUBLE, cell: ({ event }) => event.positionSeconds ?? null },
  { name: 'list', type: VARCHAR, cell: ({ event }) => event.list || null },
  { name: 'item_count', type: DOUBLE, cell: ({ event }) => event.itemCount },
  { name: 'rung', type: DOUBLE, cell: ({ event }) => event.rung },
  { name: 'latency_ms', type: DOUBLE, cell: ({ event }) => event.latencyMs },
  { name: 'value', type: BLOB, cell: ({ record }) => new DuckDBBlobValue(record.value) },
];

const TABLE_DEFINITION = COLUMNS.map(({ name, type }) => `"${name}" ${type}`).join(', ');
const KIND_NAMES = EVENT_KINDS.map((kind) => (kind === null ? 'NULL' : sqlText(kind))).join(', ');

/** What ends a COPY into an archive file. */
export const toFile = (path: string): string =>
  `TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`;

/**
 * Puts a run of records into the connection's table in memory, in place of what was staged before. `onRow` is told of
 * each, in order.
 */
export async function stageRecords(
  connection: DuckDBConnection,
  topic: string,
  records: readonly LogRecord[],
  onRow: (row: ArchiveRow) => void,
): Promise<void> {
  await connection.run(`CREATE OR REPLACE TEMP TABLE staged (${TABLE_DEFINITION})`);
  const appender = await connection.createAppender('staged');
  const types = COLUMNS.map(({ type }) => type);
  for (let start = 0; start < records.length; start += CHUNK_ROWS) {
    // Decoded chunk by chunk, so that the decoded events of a long run are not in memory all at once.
    const rows = records
      .slice(start, start + CHUNK_ROWS)
      .map((record) => ({ record, event: flattenEvent(topic, record.value) }));
    rows.forEach(onRow);
    appender.appendDataChunk(toChunk(types, rows));
    // A long run must not stop everything else on this thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  appender.flushSync();
  appender.closeSync();
}

/** Writes the staged records within a range of offsets. Neither synced nor renamed: that is the caller's. */
export async function writeStaged(
  connection: DuckDBConnection,
  path: string,
  topic: string,
  partition: number,
  range: { readonly from: number; readonly to: number },
): Promise<void> {
  await connection.run(`
    COPY (
      SELECT ${sqlText(topic)} AS topic, ${partition}::INTEGER AS "partition", "offset"::BIGINT AS "offset",
        timestamp_ms::BIGINT AS timestamp_ms, key, [${KIND_NAMES}][kind::INTEGER + 1] AS kind, event_id, user_id,
        occurred_at_ms::BIGINT AS occurred_at_ms, received_at_ms::BIGINT AS received_at_ms, video_id, request_id,
        impression_id, playback_id, position_seconds, NULLIF(split_part(list, '\t', 1), '') AS country,
        NULLIF(split_part(list, '\t', 2), '') AS device, NULLIF(split_part(list, '\t', 3), '') AS assignments,
        split_part(list, '\t', 4) <> '' AS explored, NULLIF(item_count, 0)::INTEGER AS item_count,
        NULLIF(rung, 0)::INTEGER AS rung, NULLIF(latency_ms, 0)::UINTEGER AS latency_ms, value
      FROM staged WHERE "offset" BETWEEN ${range.from} AND ${range.to}
    ) ${toFile(path)}`);
}

function toChunk(types: readonly DuckDBType[], rows: readonly ArchiveRow[]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(types, rows.length);
  COLUMNS.forEach(({ cell }, index) => {
    const vector = chunk.getColumnVector(index);
    rows.forEach((row, i) => vector.setItem(i, cell(row)));
    vector.flush();
  });
  return chunk;
}
