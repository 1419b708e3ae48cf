/**
 * Writes one Parquet file.
 *
 * The rows go into a table in memory through DuckDB's data chunks, then through COPY. Each text cell costs a call
 * into native code and each null a step in big integers, and those decide the speed: so numbers travel as doubles
 * (exact up to 2^53), the kind as a number, and what is the same for all rows, or missing, is put in by the SQL.
 * zstd level 1 took three quarters of the default level's time and gave smaller files (200,000 watch events).
 */
import {
  BLOB,
  DOUBLE,
  type DuckDBAppender,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  VARCHAR,
} from '@duckdb/node-api';
import type { LogRecord } from '@watchnext/event-log';
import { EVENT_KINDS, type FlatEvent } from './flatten-event';
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
  { name: 'value', type: BLOB, cell: ({ record }) => new DuckDBBlobValue(record.value) },
];

const TABLE_DEFINITION = COLUMNS.map(({ name, type }) => `"${name}" ${type}`).join(', ');
const KIND_NAMES = EVENT_KINDS.map((kind) => (kind === null ? 'NULL' : sqlText(kind))).join(', ');

/** Writes rows of one topic and partition in their order. Neither synced nor renamed: that is the caller's. */
export async function writeParquet(
  connection: DuckDBConnection,
  path: string,
  topic: string,
  partition: number,
  rows: readonly ArchiveRow[],
): Promise<void> {
  await connection.run(`CREATE OR REPLACE TEMP TABLE staged (${TABLE_DEFINITION})`);
  try {
    await appendRows(await connection.createAppender('staged'), rows);
    await connection.run(`
      COPY (
        SELECT ${sqlText(topic)} AS topic, ${partition}::INTEGER AS "partition", "offset"::BIGINT AS "offset",
          timestamp_ms::BIGINT AS timestamp_ms, key, [${KIND_NAMES}][kind::INTEGER + 1] AS kind, event_id, user_id,
          occurred_at_ms::BIGINT AS occurred_at_ms, received_at_ms::BIGINT AS received_at_ms, video_id, request_id,
          impression_id, playback_id, position_seconds, value
        FROM staged
      ) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`);
  } finally {
    await connection.run('DROP TABLE IF EXISTS staged');
  }
}

async function appendRows(appender: DuckDBAppender, rows: readonly ArchiveRow[]): Promise<void> {
  const types = COLUMNS.map(({ type }) => type);
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows.length - start);
    const chunk = DuckDBDataChunk.create(types, count);
    COLUMNS.forEach(({ cell }, index) => {
      const vector = chunk.getColumnVector(index);
      for (let i = 0; i < count; i++) vector.setItem(i, cell(rows[start + i] as ArchiveRow));
      vector.flush();
    });
    appender.appendDataChunk(chunk);
    // A large file must not stop everything else on this thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  appender.flushSync();
  appender.closeSync();
}
