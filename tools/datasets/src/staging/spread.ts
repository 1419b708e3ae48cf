/**
 * Logs often tell times by the second or the day, so a user's watches share them. What was watched directly before is the
 * strongest thing that is known of a viewer, and what is not strictly before is no part of a history: so watches of one user and
 * time are set a millisecond apart, in the order of their file.
 *
 * - The next time of the user is never reached: where there is no room for a millisecond each, they lie closer, and some stay
 *   together.
 * - A file that lists the newest first is read from its end: what came after would be the history of what came before. Which way a
 *   file goes is told by a user's neighbours in it whose times differ.
 * - A file that goes neither way, or lists those of one time by video id, does not tell their order; "the last one has the highest
 *   id" would be learned. Theirs is drawn.
 * - Rows of one video and time are copies: one of them would be the other's history. They stay together.
 *
 * Event ids are still made of the times that the file tells.
 *
 * Every moment of a log has to be looked at, so all is found by hashes of ids: the ids themselves would not fit into memory. Two users
 * of one hash, as one in thirty million logs of a million users has, would be set apart from each other for nothing.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { LINES_PER_SOURCE } from './lines-per-source';

/** Why the order of the file is none of time, or that it is. */
export type TieOrder = 'file' | 'reversed file' | 'drawn: by video' | 'drawn: not by time';

export interface Ties {
  /** Watches whose user watched another video at the same time. */
  readonly tied: number;
  readonly watches: number;
  readonly order: TieOrder;
}

/** Of neighbours in the file, in one direction; more than it in an order that means something else is chance. */
const SORTED_SHARE = 0.9;
/** Of fewer nothing can be learned. */
const FEWEST_NEIGHBOURS = 20;
/** Whose rows tell how the file goes; those of all would have to be sorted once more. */
const USERS_ASKED = 10_000;

/** Sets `spread_ms` of all watches. */
export async function spreadTies(connection: DuckDBConnection): Promise<Ties> {
  const [{ watches }] = await rowsOf<{ watches: number }>(
    connection,
    'select count(*)::double as watches from watches',
  );
  await connection.run(`
    create or replace temp table moments as
    select hash(user_id) as user_hash, at_ms from watches group by all having count(*) > 1`);
  try {
    const [{ moments }] = await rowsOf<{ moments: number }>(
      connection,
      'select count(*)::double as moments from moments',
    );
    if (moments === 0) return { tied: 0, watches, order: 'file' };
    const file = await directionOf(connection);
    const order = await orderOf(connection, file);
    await rank(connection, order.startsWith('drawn') ? DRAWN_PLACE : placeBy(file));
    const [{ tied }] = await rowsOf<{ tied: number }>(
      connection,
      'select coalesce(sum(row_count), 0)::double as tied from ranked',
    );
    if (tied > 0) await setApart(connection);
    return { tied, watches, order };
  } finally {
    for (const table of ['moments', 'asked', 'ranked']) await connection.run(`drop table if exists ${table}`);
  }
}

/** 1, or -1 where what stands first came last, or 0 for neither. */
interface FileDirection {
  readonly lines: -1 | 0 | 1;
  readonly sources: -1 | 1;
}

/** Makes the table `asked`, of the rows of some users. */
async function directionOf(connection: DuckDBConnection): Promise<FileDirection> {
  await connection.run(`
    create or replace temp table asked as
    select hash(user_id) as user_hash, user_id, video_id, at_ms, source, line from watches
    where hash(user_id) in (select distinct user_hash from moments order by user_hash limit ${USERS_ASKED})`);
  const [found] = await rowsOf<Record<'later' | 'earlier' | 'laterSources' | 'earlierSources', number>>(
    connection,
    `select count_if(source = before and at_ms > before_ms)::double as later,
            count_if(source = before and at_ms < before_ms)::double as earlier,
            count_if(source <> before and at_ms > before_ms)::double as "laterSources",
            count_if(source <> before and at_ms < before_ms)::double as "earlierSources"
     from (select source, at_ms, lag(source) over in_file as before, lag(at_ms) over in_file as before_ms
           from asked window in_file as (partition by user_hash order by source, line))`,
  );
  const { later, earlier, laterSources, earlierSources } = found;
  const isOneWay = Math.max(later, earlier) >= SORTED_SHARE * (later + earlier);
  const lines = !isOneWay ? 0 : earlier > later ? -1 : 1;
  // Daily files that list the newest first have names in the order of their days nevertheless.
  if (laterSources === earlierSources) return { lines, sources: lines === 0 ? 1 : lines };
  return { lines, sources: earlierSources > laterSources ? -1 : 1 };
}

async function orderOf(connection: DuckDBConnection, file: FileDirection): Promise<TieOrder> {
  if (await isSortedByVideo(connection, file)) return 'drawn: by video';
  if (file.lines === 0) return 'drawn: not by time';
  return file.lines < 0 ? 'reversed file' : 'file';
}

/** Ids ending in numbers are in order by length first: "film-9", "film-10". */
async function isSortedByVideo(connection: DuckDBConnection, file: FileDirection): Promise<boolean> {
  const [{ neighbours, sorted }] = await rowsOf<{ neighbours: number; sorted: number }>(
    connection,
    `select count(*)::double as neighbours,
            greatest(count_if(next > id), count_if(next < id), count_if((length(next), next) > (length(id), id)),
                     count_if((length(next), next) < (length(id), id)))::double as sorted
     from (select video_id as id, lead(video_id) over (partition by user_id, at_ms order by place) as next
           from (select user_id, at_ms, video_id, min(${placeBy(file)}) as place
                 from asked semi join moments using (user_hash, at_ms) group by all))
     where next is not null`,
  );
  return neighbours >= FEWEST_NEIGHBOURS && sorted > SORTED_SHARE * neighbours;
}

/** Of a row among all, as a number that rises with its time. */
const placeBy = ({ lines, sources }: FileDirection) =>
  `(${sources} * source::bigint * ${LINES_PER_SOURCE} + ${lines || 1} * line::bigint)`;

/** SHA-256 stays what it is from version to version, which DuckDB's own hash need not. */
const DRAWN_PLACE = `('0x' || left(sha256(concat_ws(chr(10), user_id, at_ms::bigint, video_id)), 15))::bigint`;

/** Makes the table `ranked`: the videos of each user and moment that has several; copies have the place of the first of them. */
async function rank(connection: DuckDBConnection, place: string): Promise<void> {
  await connection.run(`
    create or replace temp table ranked as
    with videos as (
      select hash(user_id) as user_hash, at_ms, hash(video_id) as video_hash, min(${place}) as place, count(*) as row_count
      from watches semi join moments on hash(watches.user_id) = moments.user_hash and watches.at_ms = moments.at_ms
      group by all),
    gaps as (
      select user_hash, at_ms, lead(at_ms) over (partition by user_hash order by at_ms) - at_ms as gap_ms
      from (select distinct hash(user_id) as user_hash, at_ms from watches
            where hash(user_id) in (select user_hash from moments)))
    select user_hash, at_ms, video_hash, row_count, gap_ms,
           row_number() over (partition by user_hash, at_ms order by place, video_hash) - 1 as rank,
           count(*) over (partition by user_hash, at_ms) as video_count
    from videos join gaps using (user_hash, at_ms)
    qualify video_count > 1`);
}

async function setApart(connection: DuckDBConnection): Promise<void> {
  // least() passes over the missing gap of a user's last moment.
  await connection.run(`
    create or replace table spread as
    select watches.* replace (coalesce(floor(rank * least(1, gap_ms / video_count)), 0.0)::double as spread_ms)
    from watches left join (select * from ranked where rank > 0) later
      on hash(watches.user_id) = user_hash and watches.at_ms = later.at_ms and hash(watches.video_id) = video_hash`);
  await connection.run('drop table watches');
  await connection.run('alter table spread rename to watches');
}

async function rowsOf<Row>(connection: DuckDBConnection, query: string): Promise<Row[]> {
  return (await connection.runAndReadAll(query)).getRowObjects() as unknown as Row[];
}
