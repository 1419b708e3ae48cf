/** Rows that only the other rows make unusable. They are found by SQL, since their ids may not fit into memory. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { BadRows } from '../read/bad-rows';
import { quote } from '../read/cells';
import type { Source } from './staging';

const NAMED_PER_SOURCE = 5;

/** The first row of a video or user stands. */
export async function leaveOutRepeated(
  connection: DuckDBConnection,
  sources: readonly Source[],
  badRows: BadRows,
): Promise<void> {
  for (const [table, id] of [
    ['videos', 'video_id'],
    ['users', 'user_id'],
  ] as const) {
    await connection.run(`
      create or replace temp table unusable as
      select source, line, ${id} as id from ${table}
      qualify row_number() over (partition by ${id} order by source, line) > 1`);
    const count = await tell(connection, sources, badRows, (value) => `${id} ${quote(value)} stands there twice`);
    if (count === 0) continue;
    await connection.run(`delete from ${table} using unusable
                          where ${table}.source = unusable.source and ${table}.line = unusable.line`);
  }
  await connection.run('drop table unusable');
}

/** Where the catalogue is said to be whole, a row about a video that it lacks is a mistake. */
export async function leaveOutUnknownVideos(
  connection: DuckDBConnection,
  sources: readonly Source[],
  badRows: BadRows,
): Promise<void> {
  for (const table of ['impressions', 'watches']) {
    await connection.run(`
      create or replace temp table unusable as
      select source, line, video_id as id from ${table} anti join videos using (video_id)`);
    const count = await tell(connection, sources, badRows, (value) => `video ${quote(value)} is not among the videos`);
    if (count > 0) await connection.run(`delete from ${table} where video_id not in (select video_id from videos)`);
  }
  await connection.run('drop table unusable');
}

/** Tells of the rows in the table `unusable`. @returns how many there are */
async function tell(
  connection: DuckDBConnection,
  sources: readonly Source[],
  badRows: BadRows,
  reason: (id: string) => string,
): Promise<number> {
  const counts = await connection.runAndReadAll(
    'select source, count(*)::double from unusable group by source order by source',
  );
  let total = 0;
  for (const [source, count] of counts.getRows() as [number, number][]) {
    const first = await connection.runAndReadAll(
      `select line, id from unusable where source = ${source} order by line limit ${NAMED_PER_SOURCE}`,
    );
    const rows = (first.getRows() as [number, string][]).map(([line, id]) => ({ line, reason: reason(id) }));
    badRows.addMany(sources[source].file, count, rows);
    total += count;
  }
  return total;
}
