/**
 * Logs often tell times by the second or the day, so a user's watches share them. What was watched directly before is the
 * strongest thing that is known of a viewer, and what is not strictly before is no part of a history: so watches of one user and
 * time are set a millisecond apart, in the order of their file.
 *
 * - The next time of the user is never reached: where there is no room for a millisecond each, they lie closer, and some stay
 *   together.
 * - A file that lists them by video id does not tell their order; "the last one has the highest id" would be learned. Theirs is
 *   drawn.
 * - Rows of one video and time are copies: one of them would be the other's history. They stay together.
 *
 * Event ids are still made of the times that the file tells.
 */
import type { DuckDBConnection } from '@duckdb/node-api';

export interface Ties {
  /** Watches whose user watched another video at the same time. */
  readonly tied: number;
  readonly watches: number;
  /** Whether their order was drawn. */
  readonly isDrawn: boolean;
}

/** Of neighbours in the file at one time, by video id, in either direction; more than it of an order in time is chance. */
const SORTED_SHARE = 0.9;
/** Of fewer nothing can be learned. */
const FEWEST_NEIGHBOURS = 20;

/** Sets `spread_ms` of all watches. */
export async function spreadTies(connection: DuckDBConnection): Promise<Ties> {
  await connection.run(`
    create or replace temp table tied_moments as
    select user_id, at_ms, gap_ms from (
      select user_id, at_ms, is_tied, lead(at_ms) over (partition by user_id order by at_ms) - at_ms as gap_ms
      from (select user_id, at_ms, min(video_id) <> max(video_id) as is_tied from watches group by user_id, at_ms))
    where is_tied`);
  // Copies have the place of the first of them.
  await connection.run(`
    create or replace temp table tied as
    select source, line, user_id, video_id, at_ms, gap_ms, min(place) over (partition by user_id, at_ms, video_id) as place
    from (select *, row_number() over (partition by user_id, at_ms order by source, line) as place
          from watches join tied_moments using (user_id, at_ms))`);
  const [{ tied, watches }] = await rowsOf<{ tied: number; watches: number }>(
    connection,
    'select (select count(*) from tied)::double as tied, (select count(*) from watches)::double as watches',
  );
  if (tied === 0) return { tied, watches, isDrawn: false };
  const isDrawn = await isSortedByVideo(connection);
  // SHA-256 stays what it is from version to version, which DuckDB's own hash need not.
  const order = isDrawn ? `sha256(concat_ws(chr(10), user_id, at_ms::bigint, video_id))` : 'place';
  await connection.run(`
    create or replace table spread as
    with ranked as (
      select source, line, user_id, at_ms, gap_ms,
             dense_rank() over (partition by user_id, at_ms order by ${order}) - 1 as rank
      from tied),
    offsets as (
      select source, line, floor(rank * least(1, gap_ms / (max(rank) over (partition by user_id, at_ms) + 1))) as offset_ms
      from ranked)
    select watches.* replace (coalesce(offset_ms, 0.0) as spread_ms) from watches left join offsets using (source, line)`);
  await connection.run('drop table watches');
  await connection.run('alter table spread rename to watches');
  for (const table of ['tied', 'tied_moments']) await connection.run(`drop table ${table}`);
  return { tied, watches, isDrawn };
}

/** Ids ending in numbers are in order by length first: "film-9", "film-10". */
async function isSortedByVideo(connection: DuckDBConnection): Promise<boolean> {
  const [{ neighbours, sorted }] = await rowsOf<{ neighbours: number; sorted: number }>(
    connection,
    `select count(*)::double as neighbours,
            greatest(count_if(next > id), count_if(next < id), count_if((length(next), next) > (length(id), id)),
                     count_if((length(next), next) < (length(id), id)))::double as sorted
     from (select video_id as id, lead(video_id) over (partition by user_id, at_ms order by place) as next
           from (select distinct user_id, at_ms, place, video_id from tied))
     where next is not null`,
  );
  return neighbours >= FEWEST_NEIGHBOURS && sorted > SORTED_SHARE * neighbours;
}

async function rowsOf<Row>(connection: DuckDBConnection, query: string): Promise<Row[]> {
  return (await connection.runAndReadAll(query)).getRowObjects() as unknown as Row[];
}
