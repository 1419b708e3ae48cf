import { Event } from '@watchnext/contract';
import { type ArchiveTable, sqlText } from '@watchnext/event-archive';
import type { QualityInput } from '@watchnext/experiments';
import { insertRows } from './exposure-tables';
import { COHORT_COLUMNS, cohortOf, PAST_SQL } from './read-moments';

export interface QualityData extends QualityInput {
  /** Testers, who are in no count. */
  readonly overriddenUsers: number;
}

/** Users by variant, machines and those who logged in among them, and the segments in which missing users show. */
export async function readQuality(
  table: ArchiveTable,
  variantCount: number,
  { startMs, endMs }: { startMs: number; endMs: number },
): Promise<QualityData> {
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
    FROM (SELECT *, ${PAST_SQL} AS past FROM everyone WHERE left_out IS NULL)
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
    ...(await readMerged(table, counts(), startMs, endMs)),
    overriddenUsers: left.overridden,
    segments: [...segments.values()],
  };
}

/** Who is one person and two users, as an event says while the experiment runs; its two users are no columns. */
async function readMerged(
  table: ArchiveTable,
  merged: number[],
  startMs: number,
  endMs: number,
): Promise<Pick<QualityInput, 'merged' | 'mergedAcross'>> {
  await table.run('CREATE OR REPLACE TEMP TABLE merges (anonymous_id VARCHAR, account_id VARCHAR)');
  const batches = table.batches(`
    SELECT value FROM events
    WHERE kind = 'user_merged' AND occurred_at_ms >= ${startMs} AND occurred_at_ms < ${endMs}`);
  const pairs = new Set<string>();
  for await (const batch of batches) {
    for (const { value } of batch as { value: Uint8Array }[]) {
      const { body } = Event.decode(value);
      if (body?.$case === 'userMerged')
        pairs.add(`(${sqlText(body.value.anonymousUserId)}, ${sqlText(body.value.userId)})`);
    }
  }
  await insertRows(table, 'merges', [...pairs]);
  const rows = (await table.rows(`
    SELECT before.variant::DOUBLE AS variant, count(DISTINCT anonymous_id)::DOUBLE AS users,
      count(DISTINCT anonymous_id) FILTER (account.variant <> before.variant)::DOUBLE AS crossed
    FROM merges JOIN people AS before ON before.user_id = anonymous_id
    LEFT JOIN people AS account ON account.user_id = account_id
    GROUP BY before.variant`)) as { variant: number; users: number; crossed: number }[];
  for (const { variant, users } of rows) merged[variant] = users;
  return { merged, mergedAcross: rows.reduce((sum, { crossed }) => sum + crossed, 0) };
}
