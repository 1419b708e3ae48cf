/** Users that are everybody without an id. A model would learn that histories mean nothing, and be judged by it. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { percent } from '@watchnext/command-line';
import { sqlText } from '@watchnext/event-archive';
import { quote } from '../read/cells';

/** Some number their users from 0, others write it for nobody; then it has many times the rows of anybody else. */
const ZERO = '0';
const TIMES_THE_NEXT = 10;
/** Of fewer, somebody may have watched much, and hardly anybody else was there yet. */
const FEWEST_ROWS = 100;
const FEWEST_OTHERS = 10;
/** Of the log's rows, and in a small log of the average user's. */
const LARGE_SHARE = 0.01;
const TIMES_THE_AVERAGE = 10;

/** Rows of each one who is nobody, by id. They are no mistakes of the log, so they are not among the bad ones. */
export type NobodyRows = Map<string, number>;

interface Crowd {
  readonly zero: number;
  /** Without user 0. */
  readonly userCount: number;
  readonly rowCount: number;
  readonly largest: string | null;
  readonly largestRows: number;
}

/**
 * Leaves out user 0 where that is nobody.
 *
 * @param nobody those that were left out by their id alone; it is added
 * @returns notes: what was left out, and a warning where another user may be nobody
 */
export async function leaveOutNobody(connection: DuckDBConnection, nobody: NobodyRows): Promise<string[]> {
  const crowd = await crowdOf(connection);
  const { zero, userCount, largestRows } = crowd;
  const isNobody = zero >= FEWEST_ROWS && userCount >= FEWEST_OTHERS && zero > TIMES_THE_NEXT * largestRows;
  if (isNobody) {
    nobody.set(ZERO, zero);
    for (const table of ['impressions', 'watches'])
      await connection.run(`delete from ${table} where user_id = '${ZERO}'`);
  }
  for (const id of nobody.keys()) await connection.run(`delete from users where user_id = ${sqlText(id)}`);
  return [...noteOf(nobody), ...warningOf(crowd, isNobody)];
}

async function crowdOf(connection: DuckDBConnection): Promise<Crowd> {
  const result = await connection.runAndReadAll(`
    with users as (
      select user_id, count(*) as row_count
      from (select user_id from watches union all select user_id from impressions) group by user_id)
    select coalesce(sum(row_count) filter (user_id = '${ZERO}'), 0)::double as zero,
           (count(*) filter (user_id <> '${ZERO}'))::double as "userCount",
           coalesce(sum(row_count) filter (user_id <> '${ZERO}'), 0)::double as "rowCount",
           max_by(user_id, row_count) filter (user_id <> '${ZERO}') as largest,
           coalesce(max(row_count) filter (user_id <> '${ZERO}'), 0)::double as "largestRows"
    from users`);
  return result.getRowObjects()[0] as unknown as Crowd;
}

function noteOf(nobody: NobodyRows): string[] {
  if (nobody.size === 0) return [];
  const words = (count: number) => count.toLocaleString('en-US');
  const total = [...nobody.values()].reduce((sum, count) => sum + count, 0);
  const each = [...nobody].map(([id, count]) => `${words(count)} of user ${quote(id)}`);
  const why = nobody.has(ZERO) ? ', more than ten times those of any other' : '';
  return [`${words(total)} ${total === 1 ? 'row' : 'rows'} of nobody left out: ${each.join(', ')}${why}`];
}

function warningOf({ zero, userCount, rowCount, largest, largestRows }: Crowd, isZeroNobody: boolean): string[] {
  const isZero = !isZeroNobody && zero > largestRows;
  const [userId, rows] = isZero ? [ZERO, zero] : [largest, largestRows];
  const total = isZeroNobody ? rowCount : rowCount + zero;
  const users = userCount + (zero > 0 && !isZeroNobody ? 1 : 0);
  if (userId === null || rows <= total * Math.max(LARGE_SHARE, TIMES_THE_AVERAGE / users)) return [];
  return [
    `WARNING: user ${quote(userId)} has ${percent(rows / total)} of the log, ${rows.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rows: ` +
      'is it everybody without an id? Leave such rows out, or give each session an id',
  ];
}
