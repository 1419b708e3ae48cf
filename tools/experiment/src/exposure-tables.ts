/**
 * The archive's events as tables of users and days, by SQL: who saw which variant from when on, and what they did since.
 *
 * Users count from their first list in the experiment on, with everything they do and not only with what the list led to:
 * their variant may keep them from coming back at all. Only what is divided by the experiment's impressions is of these
 * impressions alone.
 */
import type { ArchiveTable } from '@watchnext/event-archive';
import { type Experiment, machineListLimit, MOST_WATCH_SECONDS_A_DAY, USER_NUMBERS } from '@watchnext/experiments';

export const DAY_MS = 86_400_000;
/** Summed by day; the covariate is of before. */
export const COUNTED = USER_NUMBERS.filter((name) => name !== 'covariate');
/** Positions of a playback are waited for so long after the last day that counts. */
const PLAYBACK_MS = DAY_MS;
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
}

export const sqlText = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * Makes the temporary tables `lists`, `users`, `user_days` and `people`; `people` are the users that are compared, with
 * their covariate and whether they are taken for machines.
 */
export async function createExposureTables(table: ArchiveTable, exposure: Exposure): Promise<void> {
  const { startMs, endMs, covariateDays, experiment, audience = {} } = exposure;
  const covariateFromMs = startMs - covariateDays * DAY_MS;
  const isAttributed = attributedSql(experiment, audience);
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
  await table.run(`
    CREATE OR REPLACE TEMP TABLE playbacks AS
    SELECT user_id, at_ms, seconds, ${isAttributed} AS attributed FROM (
      SELECT events.user_id, min(occurred_at_ms) AS at_ms, max(position_seconds) AS seconds,
        max(impression_id) AS impression_id
      FROM events SEMI JOIN users USING (user_id)
      WHERE kind = 'watch' AND occurred_at_ms >= ${covariateFromMs} AND occurred_at_ms < ${endMs + PLAYBACK_MS}
      GROUP BY events.user_id, playback_id HAVING min(occurred_at_ms) < ${endMs}
    )`);
  await table.run(`
    CREATE OR REPLACE TEMP TABLE user_days AS
    SELECT user_id, day, ${COUNTED.map((name) => `sum("${name}")::DOUBLE AS "${name}"`).join(', ')} FROM (
      SELECT user_id, ${daySql(startMs)} AS day, 0 AS "watchSeconds", 0 AS "attributedWatchSeconds", 0 AS watches,
        0 AS "attributedWatches", impressions, 1 AS lists, 0 AS dismissals,
        (rung > ${chosenRungSql(experiment)})::INTEGER AS "degradedLists", latency_ms AS "latencyMs"
      FROM lists WHERE variant >= 0
      UNION ALL
      SELECT user_id, ${daySql(startMs)}, seconds, CASE WHEN attributed THEN seconds ELSE 0 END, 1, attributed::INTEGER,
        0, 0, 0, 0, 0
      FROM playbacks JOIN users USING (user_id) WHERE at_ms >= first_ms
      UNION ALL
      SELECT user_id, ${daySql(startMs)}, 0, 0, 0, 0, 0, 0, 1, 0, 0 FROM (
        SELECT any_value(events.user_id) AS user_id, min(occurred_at_ms) AS at_ms, max(impression_id) AS impression_id
        FROM events SEMI JOIN users USING (user_id)
        WHERE kind = 'dismissal' AND occurred_at_ms >= ${startMs} AND occurred_at_ms < ${endMs} GROUP BY event_id
      ) JOIN users USING (user_id) WHERE at_ms >= first_ms AND ${isAttributed}
    ) GROUP BY user_id, day`);
  const [{ limit }] = (await table.rows(`
    SELECT coalesce(quantile_disc(busiest, 0.95), 0)::DOUBLE AS "limit"
    FROM (SELECT max(lists) AS busiest FROM user_days GROUP BY user_id)`)) as [{ limit: number }];
  await table.run(`
    CREATE OR REPLACE TEMP TABLE people AS
    SELECT users.*, ${daySql(startMs, 'first_ms')} AS first_day, coalesce(covariate, 0) AS covariate,
      busiest_lists > ${machineListLimit(limit)} OR busiest_seconds > ${MOST_WATCH_SECONDS_A_DAY} AS machine
    FROM users
    JOIN (
      SELECT user_id, max(lists) AS busiest_lists, max("watchSeconds") AS busiest_seconds FROM user_days GROUP BY user_id
    ) USING (user_id)
    LEFT JOIN (
      SELECT user_id, sum(seconds) AS covariate FROM playbacks WHERE at_ms < ${startMs} GROUP BY user_id
    ) USING (user_id)
    WHERE NOT several AND NOT overridden`);
}

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

/** The list of an impression, as the gateway names impressions: by the request and the place. */
const LIST_OF_IMPRESSION = `regexp_replace(impression_id, '-[0-9]+$', '')`;

/** Whether the `impression_id` of a `user_id` is one of those that are counted; after `lists` is made. */
function attributedSql(experiment: Experiment | undefined, audience: Audience): string {
  if (experiment)
    return `coalesce((user_id, ${LIST_OF_IMPRESSION}) IN (SELECT (user_id, request_id) FROM lists WHERE variant >= 0), false)`;
  // Imported logs name impressions otherwise: what is not known to be of a list that is left out counts.
  return `(impression_id IS NOT NULL AND ${LIST_OF_IMPRESSION} NOT IN (
    SELECT request_id FROM events WHERE kind = 'impressions_served' AND request_id IS NOT NULL AND NOT ${audienceSql(audience)}))`;
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
