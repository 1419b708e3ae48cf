import { type ArchiveTable, sqlText } from '@watchnext/event-archive';
import { type Experiment, type Preference, preferenceOf, type TeamCredit } from '@watchnext/experiments';
import { createExposureTables, NO_MACHINES } from './exposure-tables';
import { chooseLists, readPlaybacks, readServedLists } from './served-lists';

/** Lists that are decoded; more than enough to tell two rankings apart. */
const MOST_LISTS = 1_000_000;

/** What viewers' watches of interleaved lists earned the two teams. */
export async function readPreferences(
  table: ArchiveTable,
  experiment: Experiment,
  untilMs: number,
): Promise<{ preferences: { watchSeconds: Preference; clicks: Preference }; overriddenUsers: number }> {
  const { start, name, variants, alpha, power } = experiment;
  const within = `occurred_at_ms >= ${start} AND occurred_at_ms < ${untilMs}`;
  // For the programs alone.
  const exposure = { startMs: start, endMs: untilMs, covariateDays: 0, isAttributed: false };
  await createExposureTables(table, { ...exposure, experiment });
  await chooseLists(
    table,
    `${within} AND regexp_matches(assignments, ${sqlText(`(^|;)${name}=`)}) AND ${NO_MACHINES}`,
    MOST_LISTS,
  );
  const playbacks = await readPlaybacks(table, start, untilMs);
  const [seconds, clicks] = [new Map<string, TeamCredit>(), new Map<string, TeamCredit>()];
  const testers = new Set<string>();
  for await (const { served, atMs } of readServedLists(table)) {
    const assignment = served.assignments.find(({ experimentId }) => experimentId === name);
    if (assignment?.overridden) testers.add(served.userId);
    for (const item of served.items) {
      const { team } = item;
      const playback = playbacks.of(item, atMs);
      if (team === '' || !playback) continue;
      const side = team === variants[0].name ? 'control' : team === variants[1].name ? 'treatment' : undefined;
      if (side === undefined) continue;
      credit(seconds, served.userId, side, playback.watchSeconds);
      credit(clicks, served.userId, side, 1);
    }
  }
  const of = (credits: Map<string, TeamCredit>) =>
    preferenceOf(
      [...credits].flatMap(([userId, own]) => (testers.has(userId) ? [] : [own])),
      alpha,
      power,
    );
  return { preferences: { watchSeconds: of(seconds), clicks: of(clicks) }, overriddenUsers: testers.size };
}

function credit(credits: Map<string, TeamCredit>, userId: string, side: keyof TeamCredit, amount: number): void {
  const own = credits.get(userId) ?? { control: 0, treatment: 0 };
  credits.set(userId, { ...own, [side]: own[side] + amount });
}
