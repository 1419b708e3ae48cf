/** Users that are everybody without an id. A model would learn that histories mean nothing, and be judged by it. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { percent } from '@watchnext/command-line';
import type { BadRows } from '../read/bad-rows';
import { quote } from '../read/cells';
import { tell } from './settle';
import type { Source } from './staging';

/** Some number their users from 0, others write it for nobody; then it has many times the rows of anybody else. */
const ZERO = '0';
const TIMES_THE_NEXT = 10;
/** Of the log's rows, and in a small log of the average user's. */
const LARGE_SHARE = 0.01;
const TIMES_THE_AVERAGE = 10;

const ROWS_OF_USERS = `
  select user_id, count(*)::double as row_count
  from (select user_id from watches union all select user_id from impressions) group by user_id`;

export async function leaveOutNobody(
  connection: DuckDBConnection,
  sources: readonly Source[],
  badRows: BadRows,
): Promise<void> {
  const result = await connection.runAndReadAll(`
    select coalesce(max(row_count) filter (user_id = '${ZERO}'), 0), coalesce(max(row_count) filter (user_id <> '${ZERO}'), 0)
    from (${ROWS_OF_USERS})`);
  const [zero, next] = result.getRows()[0] as [number, number];
  if (next === 0 || zero <= TIMES_THE_NEXT * next) return;
  const reason = (id: string) =>
    `user ${quote(id)} has ${zero.toLocaleString('en-US')} rows, more than ten times as many as any other: that is nobody`;
  for (const table of ['impressions', 'watches']) {
    await connection.run(`
      create or replace temp table unusable as select source, line, user_id as id from ${table} where user_id = '${ZERO}'`);
    if ((await tell(connection, sources, badRows, reason)) > 0)
      await connection.run(`delete from ${table} where user_id = '${ZERO}'`);
  }
}

/** @returns a warning, or nothing */
export async function largestUserOf(connection: DuckDBConnection): Promise<string[]> {
  const result = await connection.runAndReadAll(`
    select max_by(user_id, row_count), max(row_count), sum(row_count), count(*)::double from (${ROWS_OF_USERS})`);
  const [userId, rows, total, userCount] = result.getRows()[0] as [string | null, number, number, number];
  if (userId === null || rows <= total * Math.max(LARGE_SHARE, TIMES_THE_AVERAGE / userCount)) return [];
  return [
    `WARNING: user ${quote(userId)} has ${percent(rows / total)} of the log, ${rows.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rows: ` +
      'is it everybody without an id? Leave such rows out, or give each session an id',
  ];
}
