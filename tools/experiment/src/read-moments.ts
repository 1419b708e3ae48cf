/**
 * Moments of the users by variant and day. What a user has done up to a day is a running sum; how much the sum of its
 * squares grows on a day follows from that day's users alone, (P + y)² − P², so one pass over the days that someone was
 * active gives the moments of every day.
 */
import type { ArchiveTable } from '@watchnext/event-archive';
import { Moments, productIndex, USER_NUMBERS } from '@watchnext/experiments';
import { COUNTED } from './exposure-tables';

const COVARIATE = USER_NUMBERS.indexOf('covariate');
const indexOf = (name: (typeof USER_NUMBERS)[number]) => USER_NUMBERS.indexOf(name);
const pairs = COUNTED.flatMap((a, i) => COUNTED.slice(i).map((b) => [a, b] as const));

/** @returns by variant, then by day: all who had come by the end of that day. Machines are left out */
export async function readDailyMoments(
  table: ArchiveTable,
  variantCount: number,
  dayCount: number,
): Promise<Moments[][]> {
  const running = COUNTED.map((name) => `sum("${name}") OVER earlier - "${name}" AS "${name}Before"`).join(', ');
  const rows = await table.rows(`
    SELECT variant::DOUBLE AS variant, day::DOUBLE AS day, count(*) FILTER (day = first_day)::DOUBLE AS users,
      coalesce(sum(covariate) FILTER (day = first_day), 0)::DOUBLE AS x,
      coalesce(sum(covariate * covariate) FILTER (day = first_day), 0)::DOUBLE AS xx,
      ${COUNTED.map((name) => `sum("${name}")::DOUBLE AS "${name}", sum(covariate * "${name}")::DOUBLE AS "x ${name}"`).join(', ')},
      ${pairs.map(([a, b]) => `sum(("${a}Before" + "${a}") * ("${b}Before" + "${b}") - "${a}Before" * "${b}Before")::DOUBLE AS "${a} ${b}"`).join(', ')}
    FROM (
      SELECT variant, first_day, covariate, user_days.*, ${running}
      FROM user_days JOIN everyone USING (user_id) WHERE left_out IS NULL
      WINDOW earlier AS (PARTITION BY user_id ORDER BY day)
    ) GROUP BY variant, day ORDER BY variant, day`);
  const byVariant = Array.from({ length: variantCount }, () => Array.from({ length: dayCount }, () => new Moments()));
  for (const row of rows as Record<string, number>[]) {
    const moments = byVariant[row['variant']]?.[row['day']];
    if (!moments) continue;
    moments.userCount = row['users'];
    moments.sums[COVARIATE] = row['x'];
    moments.products[productIndex(COVARIATE, COVARIATE)] = row['xx'];
    fill(moments, row);
  }
  for (const days of byVariant) days.forEach((moments, day) => day > 0 && moments.addAll(days[day - 1]));
  return byVariant;
}

export interface CohortMoments {
  readonly dimension: string;
  readonly cohort: string;
  readonly byVariant: readonly Moments[];
}

/** Cohorts by what users came with; all dimensions in one pass over the users' totals. */
export async function readCohortMoments(table: ArchiveTable, variantCount: number): Promise<CohortMoments[]> {
  const rows = await table.rows(`
    SELECT variant::DOUBLE AS variant, ${COHORT_COLUMNS}, count(*)::DOUBLE AS users, sum(covariate)::DOUBLE AS x,
      sum(covariate * covariate)::DOUBLE AS xx,
      ${COUNTED.map((name) => `sum("${name}")::DOUBLE AS "${name}", sum(covariate * "${name}")::DOUBLE AS "x ${name}"`).join(', ')},
      ${pairs.map(([a, b]) => `sum("${a}" * "${b}")::DOUBLE AS "${a} ${b}"`).join(', ')}
    FROM ${USER_TOTALS} WHERE left_out IS NULL GROUP BY GROUPING SETS ((variant, country), (variant, device), (variant, past))`);
  const cohorts = new Map<string, CohortMoments>();
  for (const row of rows as Record<string, number>[]) {
    const { dimension, name } = cohortOf(row);
    const key = `${dimension} ${name}`;
    const cohort = cohorts.get(key) ?? {
      dimension,
      cohort: name,
      byVariant: Array.from({ length: variantCount }, () => new Moments()),
    };
    cohorts.set(key, cohort);
    const moments = cohort.byVariant[row['variant']];
    moments.userCount = row['users'];
    moments.sums[COVARIATE] = row['x'];
    moments.products[productIndex(COVARIATE, COVARIATE)] = row['xx'];
    fill(moments, row);
  }
  return [...cohorts.values()].sort((a, b) => usersOf(b) - usersOf(a) || (a.cohort < b.cohort ? -1 : 1));
}

const usersOf = ({ byVariant }: CohortMoments) => byVariant.reduce((sum, { userCount }) => sum + userCount, 0);

export const PAST_SQL = `CASE WHEN covariate > 0 THEN 'watched before' ELSE 'nothing watched before' END`;
export const COHORT_COLUMNS = 'country, device, past';
/** `everyone` with what they did on all days together; after `createExposureTables`. */
export const USER_TOTALS = `(
  SELECT everyone.*, ${PAST_SQL} AS past, totals.* EXCLUDE (user_id) FROM everyone JOIN (
    SELECT user_id, ${COUNTED.map((name) => `sum("${name}") AS "${name}"`).join(', ')} FROM user_days GROUP BY user_id
  ) AS totals USING (user_id)
)`;
const DIMENSIONS = { country: 'country', device: 'device', past: 'past' } as const;

/** Of a row of grouping sets: the one dimension that is not null. */
export function cohortOf(row: Readonly<Record<string, unknown>>): { dimension: string; name: string } {
  for (const dimension of Object.values(DIMENSIONS)) {
    const value = row[dimension];
    if (typeof value === 'string') return { dimension, name: value === '' ? 'unknown' : value };
  }
  throw new Error('a row of no cohort');
}

function fill(moments: Moments, row: Readonly<Record<string, number>>): void {
  for (const name of COUNTED) {
    moments.sums[indexOf(name)] = row[name];
    moments.products[productIndex(indexOf(name), COVARIATE)] = row[`x ${name}`];
  }
  for (const [a, b] of pairs) moments.products[productIndex(indexOf(a), indexOf(b))] = row[`${a} ${b}`];
}
