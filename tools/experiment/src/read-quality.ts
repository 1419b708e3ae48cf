import type { ArchiveTable } from '@watchnext/event-archive';
import type { QualityInput } from '@watchnext/experiments';
import { COHORT_COLUMNS, cohortOf, PAST_SQL } from './read-moments';

export interface QualityData extends QualityInput {
  /** Testers, who are in no count. */
  readonly overriddenUsers: number;
}

/** Users by variant, machines among them, and the segments in which missing users show. */
export async function readQuality(table: ArchiveTable, variantCount: number): Promise<QualityData> {
  const counts = () => Array.from({ length: variantCount }, () => 0);
  const [users, machines] = [counts(), counts()];
  const totals = await table.rows(`
    SELECT variant::DOUBLE AS variant, count(*)::DOUBLE AS users, count(*) FILTER (machine)::DOUBLE AS machines
    FROM people GROUP BY variant`);
  for (const row of totals as Record<string, number>[]) {
    users[row['variant']] = row['users'];
    machines[row['variant']] = row['machines'];
  }
  const segments = new Map<string, { dimension: string; segment: string; users: number[] }>();
  const add = (dimension: string, segment: string, variant: number, count: number) => {
    const key = `${dimension} ${segment}`;
    const entry = segments.get(key) ?? { dimension, segment, users: counts() };
    segments.set(key, entry);
    entry.users[variant] = count;
  };
  const rows = await table.rows(`
    SELECT variant::DOUBLE AS variant, ${COHORT_COLUMNS}, first_day::DOUBLE AS first_day, count(*)::DOUBLE AS users
    FROM (SELECT *, ${PAST_SQL} AS past FROM people WHERE NOT machine)
    GROUP BY GROUPING SETS ((variant, country), (variant, device), (variant, past), (variant, first_day))`);
  for (const row of rows as Record<string, number>[]) {
    if (row['first_day'] !== null) add('first day', String(row['first_day'] + 1), row['variant'], row['users']);
    else {
      const { dimension, name } = cohortOf(row);
      add(dimension, name, row['variant'], row['users']);
    }
  }
  const [left] = (await table.rows(`
    SELECT count(*) FILTER (several AND NOT overridden)::DOUBLE AS several, count(*) FILTER (overridden)::DOUBLE AS overridden
    FROM users`)) as [{ several: number; overridden: number }];
  return {
    users,
    machines,
    inSeveralVariants: left.several,
    overriddenUsers: left.overridden,
    segments: [...segments.values()],
  };
}
