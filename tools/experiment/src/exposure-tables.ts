/**
 * The archive's events as tables of users and days, by SQL: who saw which variant from when on, and what they did since.
 *
 * Users count from their first list in the experiment on, with everything they do and not only with what the list led to:
 * their variant may keep them from coming back at all. Only what is divided by the experiment's impressions is of these
 * impressions alone.
 */
import { Event, PLACE_OF_IMPRESSION_ID } from '@watchnext/contract';
import { type ArchiveTable, sqlText } from '@watchnext/event-archive';
import {
  type Experiment,
  machineListLimit,
  type MetricName,
  metricOf,
  MOST_WATCH_SECONDS_A_DAY,
  type UserNumber,
  USER_NUMBERS,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';

/** Summed by day; the covariate is of before. */
export const COUNTED = USER_NUMBERS.filter((name) => name !== 'covariate');
/** Positions of a playback are waited for so long after the last day that counts. */
const PLAYBACK_MS = DAY_MS;
/** A watch joins its list, on either side of it, within so long, as for training: the viewer's clock may be behind. */
export const CLOCK_MS = DAY_MS;
const RUNG_NUMBERS = { 'retrieval-order': 2, 'snapshot-popular': 3, 'memory-popular': 4 } as const;

type Audience = Experiment['audience'];
/** Parts of an audience by the columns of a list that tell them. */
const COLUMN_OF_AUDIENCE = { countries: 'country', devices: 'device' } as const;
const toldParts = Object.keys(COLUMN_OF_AUDIENCE) as (keyof typeof COLUMN_OF_AUDIENCE)[];

/** Parts of an audience that no column of the archive tells. */
export const untoldParts = (audience: Audience): string[] =>
  Object.keys(audience).filter((part) => !toldParts.some((told) => told === part));

export interface Exposure {
  /** Undefined: every list of the archive counts that `audience` fits, as of one variant; for planning. */
  readonly experiment: Experiment | undefined;
  /** Where there is no experiment, whose lists fit its audience anyway. What is no column of the archive is left aside. */
  readonly audience?: Audience;
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly covariateDays: number;
  /**
   * Whether `attributedWatchSeconds` and `attributedWatches` are looked at. Else the lists that watches name are not decoded, which takes
   * longer than all the rest, and these two count strays too.
   */
  readonly isAttributed?: boolean;
}

const ATTRIBUTED: ReadonlySet<UserNumber> = new Set(['attributedWatchSeconds', 'attributedWatches']);

/** Whether any of these metrics counts what `isAttributed` is for. */
export const needAttribution = (metrics: readonly MetricName[]): boolean =>
  metrics.some((name) => ATTRIBUTED.has(metricOf(name).numerator));

/**
 * Makes the temporary tables `lists`, `users`, `user_days` and `everyone`: the users, with their covariate, whether they are taken
 * for machines, and why a report leaves them out (`left_out`; null: it does not). `people` are those of them who stayed in the variant that their hash gave.
 */
export async function createExposureTables(table: ArchiveTable, exposure: Exposure): Promise<void> {
  const { startMs, endMs, covariateDays, experiment, audience = {}, isAttributed = true } = exposure;
  const covariateFromMs = startMs - covariateDays * DAY_MS;
  const isOfImpression = attributedSql(experiment, audience);
  await table.run(`
    CREATE OR REPLACE TEMP TABLE lists AS
    SELECT request_id, any_value(user_id) AS user_id, min(occurred_at_ms) AS at_ms, any_value(variant) AS variant,
      bool_or(overridden) AS overridden, any_value(country) AS country, any_value(device) AS device,
      max(item_count) AS impressions, max(rung) AS rung, max(latency_ms) AS latency_ms
    FROM (
      SELECT *, ${variantSql(experiment)} FROM events
      WHERE kind = 'impressions_served' AND occurred_at_ms >= ${startMs} AND occurred_at_ms < ${endMs}
        AND ${experiment ? `regexp_matches(assignments, ${assignmentPattern(experiment)})` : audienceSql(audience)}
    ) GROUP BY request_id`);
  await table.run(`
    CREATE OR REPLACE TEMP TABLE users AS
    SELECT user_id, min(at_ms) AS first_ms, arg_min(variant, at_ms) AS variant, min(variant) <> max(variant) AS several,
      bool_or(overridden) AS overridden, coalesce(arg_min(country, at_ms), '') AS country,
      coalesce(arg_min(device, at_ms), '') AS device
    FROM lists WHERE variant >= 0 GROUP BY user_id`);
  // A client may keep one playback id for a whole session: a playback is told by its video too, as in states and labels.
  await table.run(`
    CREATE OR REPLACE TEMP TABLE reports AS
    SELECT events.user_id, playback_id, video_id, impression_id, min(occurred_at_ms) AS at_ms,
      max(position_seconds) AS seconds
    FROM events SEMI JOIN users USING (user_id)
    WHERE kind = 'watch' AND occurred_at_ms >= ${Math.min(covariateFromMs, startMs - CLOCK_MS)}
      AND occurred_at_ms < ${endMs + PLAYBACK_MS}
    GROUP BY events.user_id, playback_id, video_id, impression_id`);
  await table.run('CREATE OR REPLACE TEMP TABLE strays (impression_id VARCHAR, video_id VARCHAR)');
  if (isAttributed) await findStrays(table, startMs, endMs);
  await table.run(`
    CREATE OR REPLACE TEMP TABLE playbacks AS
    SELECT user_id, min(at_ms) AS at_ms, max(seconds) AS seconds,
      bool_or(${isOfImpression} AND ${IS_NO_STRAY}) AS attributed, bool_or(${IS_OF_LISTS} AND ${IS_NO_STRAY}) AS of_lists
    FROM reports GROUP BY user_id, playback_id, video_id HAVING min(at_ms) < ${endMs}`);
  // The viewer's clock may be behind: what a list led to came after it, whenever it says it happened.
  await table.run(`
    CREATE OR REPLACE TEMP TABLE user_days AS
    SELECT user_id, day, ${COUNTED.map((name) => `sum("${name}")::DOUBLE AS "${name}"`).join(', ')} FROM (
      SELECT user_id, ${daySql(startMs)} AS day, 0 AS "watchSeconds", 0 AS "attributedWatchSeconds", 0 AS watches,
        0 AS "attributedWatches", impressions, 1 AS lists, 0 AS dismissals,
        (rung > ${chosenRungSql(experiment)})::INTEGER AS "degradedLists", latency_ms AS "latencyMs"
      FROM lists WHERE variant >= 0
      UNION ALL
      SELECT user_id, ${daySql(startMs, 'greatest(at_ms, first_ms)')}, seconds,
        CASE WHEN attributed THEN seconds ELSE 0 END, 1, attributed::INTEGER, 0, 0, 0, 0, 0
      FROM playbacks JOIN users USING (user_id) WHERE at_ms >= first_ms OR of_lists
      UNION ALL
      SELECT user_id, ${daySql(startMs, 'greatest(at_ms, first_ms)')}, 0, 0, 0, 0, 0, 0, 1, 0, 0 FROM (
        SELECT any_value(events.user_id) AS user_id, min(occurred_at_ms) AS at_ms, max(impression_id) AS impression_id
        FROM events SEMI JOIN users USING (user_id)
        WHERE kind = 'dismissal' AND occurred_at_ms >= ${startMs - CLOCK_MS} AND occurred_at_ms < ${endMs}
        GROUP BY event_id
      ) JOIN users USING (user_id) WHERE ${isOfImpression} AND (at_ms >= first_ms OR ${IS_OF_LISTS})
    ) GROUP BY user_id, day`);
  const [{ limit }] = (await table.rows(`
    SELECT coalesce(quantile_disc(busiest, 0.95), 0)::DOUBLE AS "limit"
    FROM (SELECT max(lists) AS busiest FROM user_days GROUP BY user_id)`)) as [{ limit: number }];
  await table.run(`
    CREATE OR REPLACE TEMP TABLE everyone AS
    SELECT *, CASE WHEN overridden THEN 'tester' WHEN several THEN 'several variants' WHEN machine THEN 'program' END AS left_out
    FROM (
      SELECT users.*, ${daySql(startMs, 'first_ms')} AS first_day, coalesce(covariate, 0) AS covariate,
        busiest_lists > ${machineListLimit(limit)} OR busiest_seconds > ${MOST_WATCH_SECONDS_A_DAY} AS machine
      FROM users
      JOIN (
        SELECT user_id, max(lists) AS busiest_lists, max("watchSeconds") AS busiest_seconds FROM user_days GROUP BY user_id
      ) USING (user_id)
      LEFT JOIN (
        SELECT user_id, sum(seconds) AS covariate FROM playbacks
        WHERE at_ms >= ${covariateFromMs} AND at_ms < ${startMs} AND NOT of_lists GROUP BY user_id
      ) USING (user_id)
    )`);
  await table.run(
    `CREATE OR REPLACE TEMP VIEW people AS SELECT * FROM everyone WHERE coalesce(left_out, 'program') = 'program'`,
  );
}

/** The first day of the archive to read for an exposure: one more than it counts, as clocks differ. */
export const firstDayOf = ({ startMs, covariateDays }: Pick<Exposure, 'startMs' | 'covariateDays'>): string =>
  new Date(startMs - (covariateDays + 1) * DAY_MS).toISOString().slice(0, 10);

/** 0 for the day that begins at the start. */
const daySql = (startMs: number, column = 'at_ms') => `floor((${column} - ${startMs}) / ${DAY_MS.toFixed(1)})::INTEGER`;

const assignmentPattern = ({ name }: Experiment) => sqlText(`(^|;)${name}=`);

/** SQL over `events` of users that are not taken for machines; after `createExposureTables`. */
export const NO_MACHINES = 'user_id NOT IN (SELECT user_id FROM people WHERE machine)';

/** Columns `variant`, an index, −1 for a name that is no variant (interleaved: all are of one), and `overridden`. */
function variantSql(experiment: Experiment | undefined): string {
  if (!experiment) return '0 AS variant, false AS overridden';
  const group = (index: number) =>
    `regexp_extract(assignments, ${sqlText(`(?:^|;)${experiment.name}=(!?)([^;]*)`)}, ${index})`;
  const names = experiment.variants.map(({ name }) => sqlText(name)).join(', ');
  const variant = experiment.design === 'interleaved' ? '0' : `coalesce(list_position([${names}], ${group(2)}), 0) - 1`;
  return `${variant} AS variant, ${group(1)} = '!' AS overridden`;
}

/** The request of an impression's list. */
export const LIST_OF_IMPRESSION = `regexp_replace(impression_id, ${sqlText(PLACE_OF_IMPRESSION_ID)}, '')`;

/** Whether the `impression_id` of a `user_id` is of a list that is counted; after `lists` is made. */
const IS_OF_LISTS = `coalesce((user_id, ${LIST_OF_IMPRESSION}) IN (SELECT (user_id, request_id) FROM lists WHERE variant >= 0), false)`;

/** Whether the `impression_id` of a `user_id` is one of those that are counted; after `lists` is made. */
function attributedSql(experiment: Experiment | undefined, audience: Audience): string {
  if (experiment) return IS_OF_LISTS;
  // Imported logs name impressions otherwise: what is not known to be of a list that is left out counts.
  return `(impression_id IS NOT NULL AND ${LIST_OF_IMPRESSION} NOT IN (
    SELECT request_id FROM events WHERE kind = 'impressions_served' AND request_id IS NOT NULL AND NOT ${audienceSql(audience)}))`;
}

/** Whether the video of a watch is not known to be another than its impression's; after `findStrays`. */
const IS_NO_STRAY = `coalesce((impression_id, video_id) NOT IN (SELECT (impression_id, video_id) FROM strays), true)`;
const ROWS_A_STATEMENT = 1_000;

/**
 * Fills the temporary table `strays`: what was watched under the impression of another video, which a player may keep when it
 * goes on to the next. As for labels, that did not come of the impression. The videos of impressions are no column.
 */
async function findStrays(table: ArchiveTable, startMs: number, endMs: number): Promise<void> {
  const batches = table.batches(`
    WITH watched AS (
      SELECT DISTINCT ${LIST_OF_IMPRESSION} AS request_id, impression_id, video_id FROM reports
      WHERE ${IS_OF_LISTS} AND video_id IS NOT NULL
    )
    SELECT value, watched.impression_id, watched.video_id FROM events JOIN watched USING (request_id)
    WHERE kind = 'impressions_served' AND occurred_at_ms >= ${startMs} AND occurred_at_ms < ${endMs}`);
  const strays: string[] = [];
  for await (const batch of batches) {
    for (const row of batch as { value: Uint8Array; impression_id: string; video_id: string }[]) {
      const { value, impression_id: impressionId, video_id: videoId } = row;
      const { body } = Event.decode(value);
      const items = body?.$case === 'impressionsServed' ? body.value.items : [];
      const isShown = items.some((item) => item.impressionId === impressionId && item.videoId === videoId);
      if (!isShown) strays.push(`(${sqlText(impressionId)}, ${sqlText(videoId)})`);
    }
  }
  await insertRows(table, 'strays', strays);
}

/** @param rows SQL, as `('a', 'b')` */
export async function insertRows(table: ArchiveTable, name: string, rows: readonly string[]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT)
    await table.run(`INSERT INTO ${name} VALUES ${rows.slice(from, from + ROWS_A_STATEMENT).join(', ')}`);
}

/** Whether a list fits the audience, as far as columns tell; one of which they say nothing does not fit. */
function audienceSql(audience: Audience): string {
  const conditions = toldParts.flatMap((part) => {
    const allowed = audience[part]?.map(sqlText).join(', ');
    return allowed === undefined ? [] : [`coalesce(${COLUMN_OF_AUDIENCE[part]}, '') IN (${allowed})`];
  });
  return `(${['true', ...conditions].join(' AND ')})`;
}

/** A list is degraded below the rung that its variant chose. */
function chosenRungSql(experiment: Experiment | undefined): string {
  const chosen = (experiment?.variants ?? []).flatMap(({ serving }, index) =>
    serving.rung === undefined ? [] : [`WHEN ${index} THEN ${RUNG_NUMBERS[serving.rung]}`],
  );
  return chosen.length === 0 ? '1' : `CASE variant ${chosen.join(' ')} ELSE 1 END`;
}
