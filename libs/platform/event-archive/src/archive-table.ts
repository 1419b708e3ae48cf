/** The archive's records as a table for SQL. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { describeFailure, selectParts } from './parquet-reader';
import { type ArchiveTable, EventArchiveError } from './port';
import type { FilePart } from './read-plan';

/** Columns of the newest files, with their types: what older files lack is null. */
const COLUMNS = {
  topic: 'VARCHAR',
  partition: 'INTEGER',
  offset: 'BIGINT',
  timestamp_ms: 'BIGINT',
  key: 'VARCHAR',
  kind: 'VARCHAR',
  event_id: 'VARCHAR',
  user_id: 'VARCHAR',
  occurred_at_ms: 'BIGINT',
  received_at_ms: 'BIGINT',
  video_id: 'VARCHAR',
  request_id: 'VARCHAR',
  impression_id: 'VARCHAR',
  playback_id: 'VARCHAR',
  position_seconds: 'DOUBLE',
  country: 'VARCHAR',
  device: 'VARCHAR',
  assignments: 'VARCHAR',
  explored: 'BOOLEAN',
  item_count: 'INTEGER',
  rung: 'INTEGER',
  latency_ms: 'UINTEGER',
  value: 'BLOB',
} as const;

/** A table of these columns without a row. */
export const NO_ROWS = `SELECT ${Object.entries(COLUMNS)
  .map(([name, type]) => `NULL::${type} AS "${name}"`)
  .join(', ')} WHERE false`;

export async function analyseParts<T>(
  connection: DuckDBConnection,
  parts: readonly FilePart[],
  work: (table: ArchiveTable) => Promise<T>,
): Promise<T> {
  const records = parts.length === 0 ? '' : ` UNION ALL BY NAME (${selectParts('*', parts)})`;
  const explained = async <R>(asked: Promise<R>): Promise<R> => {
    try {
      return await asked;
    } catch (error) {
      const failure = await describeFailure(connection, parts, error);
      // Where every file can be read, the question is at fault, and its author should see DuckDB's own words.
      throw failure.code === 'archive-corrupt'
        ? failure
        : new EventArchiveError(String(error), 'archive-query', false, { cause: error });
    }
  };
  await explained(connection.run(`CREATE OR REPLACE TEMP VIEW events AS ${NO_ROWS}${records}`));
  return work({
    rows: async (sql) => (await explained(connection.runAndReadAll(sql))).getRowObjectsJS(),
    batches: async function* (sql) {
      const batches = (await explained(connection.stream(sql))).yieldRowObjectJs();
      for (;;) {
        const next = await explained(batches.next());
        if (next.done) return;
        yield next.value;
      }
    },
    run: async (sql) => void (await explained(connection.run(sql))),
  });
}
