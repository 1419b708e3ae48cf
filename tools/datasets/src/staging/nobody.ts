/** Users that are everybody without an id. A model would learn that histories mean nothing, and be judged by it. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { percent } from '@watchnext/command-line';
import { sqlText } from '@watchnext/event-archive';
import { quote } from '../read/cells';
import { CROWD_QUESTION, mayBeCrowd } from '../read/crowd';
import { count, counted } from '../read/words';

/** Some number their users from 0, others write it for nobody; then it has many times the rows of anybody else. It may have come as a float. */
const IS_ZERO = "regexp_full_match(user_id, '0(\\.0+)?')";
const TIMES_THE_NEXT = 10;
/** Of fewer, somebody may have watched much, and hardly anybody else was there yet. */
const FEWEST_ROWS = 100;
const FEWEST_OTHERS = 10;

/** Rows of each one who is nobody, by id. They are no mistakes of the log, so they are not among the bad ones. */
export type NobodyRows = Map<string, number>;

interface Crowd {
  /** User 0 as it is written; null where there is none. */
  readonly zeroId: string | null;
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
 * @returns a note of what was left out, and a warning where another user may be nobody
 */
export async function leaveOutNobody(
  connection: DuckDBConnection,
  nobody: NobodyRows,
): Promise<{ readonly note: string | undefined; readonly warning: string | undefined }> {
  const crowd = await crowdOf(connection);
  const { zeroId, zero, userCount, largestRows } = crowd;
  const isNobody =
    zeroId !== null && zero >= FEWEST_ROWS && userCount >= FEWEST_OTHERS && zero > TIMES_THE_NEXT * largestRows;
  if (isNobody) {
    nobody.set(zeroId, zero);
    for (const table of ['impressions', 'watches', 'users'])
      await connection.run(`delete from ${table} where ${IS_ZERO}`);
  }
  for (const id of nobody.keys()) await connection.run(`delete from users where user_id = ${sqlText(id)}`);
  return { note: noteOf(nobody, isNobody), warning: warningOf(crowd, isNobody) };
}

async function crowdOf(connection: DuckDBConnection): Promise<Crowd> {
  const result = await connection.runAndReadAll(`
    with users as (
      select user_id, count(*) as row_count
      from (select user_id from watches union all select user_id from impressions) group by user_id)
    select max_by(user_id, row_count) filter (${IS_ZERO}) as "zeroId",
           coalesce(sum(row_count) filter (${IS_ZERO}), 0)::double as zero,
           (count(*) filter (not ${IS_ZERO}))::double as "userCount",
           coalesce(sum(row_count) filter (not ${IS_ZERO}), 0)::double as "rowCount",
           max_by(user_id, row_count) filter (not ${IS_ZERO}) as largest,
           coalesce(max(row_count) filter (not ${IS_ZERO}), 0)::double as "largestRows"
    from users`);
  return result.getRowObjects()[0] as unknown as Crowd;
}

function noteOf(nobody: NobodyRows, isZeroNobody: boolean): string | undefined {
  if (nobody.size === 0) return undefined;
  const total = [...nobody.values()].reduce((sum, rows) => sum + rows, 0);
  const each = [...nobody].map(([id, rows]) => `${count(rows)} of user ${quote(id)}`);
  const why = isZeroNobody ? ', more than ten times those of any other' : '';
  return `${counted(total, 'row')} of nobody left out: ${each.join(', ')}${why}`;
}

function warningOf(
  { zeroId, zero, userCount, rowCount, largest, largestRows }: Crowd,
  isZeroNobody: boolean,
): string | undefined {
  const isZero = !isZeroNobody && zero > largestRows;
  const [userId, rows] = isZero ? [zeroId, zero] : [largest, largestRows];
  const total = isZeroNobody ? rowCount : rowCount + zero;
  const users = userCount + (zero > 0 && !isZeroNobody ? 1 : 0);
  if (userId === null || !mayBeCrowd(rows / total, users)) return undefined;
  return (
    `user ${quote(userId)} has ${percent(rows / total)} of the log, ${count(rows)} of ${counted(total, 'row')}: ` +
    CROWD_QUESTION
  );
}
