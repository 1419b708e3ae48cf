/** Reads the staging tables: the catalogue, the users, and everything that happened, in order of time. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { VideoFacts } from '@watchnext/contract';
import type { Staging } from './staging';

export interface StagedVideo {
  readonly videoId: string;
  readonly title: string;
  readonly facts: VideoFacts;
}

export interface StagedUser {
  readonly userId: string;
  readonly country: string;
  readonly ageYears: number;
  readonly gender: number;
  readonly hasProfile: boolean;
}

/** A row of the log: as an item of a list, or as a watch. A clicked impression comes as both. */
export interface TimelineRow {
  readonly kind: 'item' | 'watch of an impression' | 'watch';
  /** When its event happened: for an item, when its page was served. */
  readonly atMs: number;
  /** As its file tells it, which may be somewhat earlier (`spreadTies`). */
  readonly toldAtMs: number;
  readonly userId: string;
  readonly videoId: string;
  readonly positionSeconds: number;
  readonly country: string;
  readonly device: string;
  readonly pageId: string;
  readonly listId: string;
  readonly surface: string;
  readonly source: number;
  readonly line: number;
  readonly facts: VideoFacts;
  /** Of its user. */
  readonly hasProfile: boolean;
}

const KINDS = ['item', 'watch of an impression', 'watch'] as const;

const FACTS = `coalesce(channel_id, ''), coalesce(topics, ''), coalesce(duration_seconds, 0), coalesce(uploaded_at_ms, 0)`;
/** Of a user: whether its file tells anything of it. */
const HAS_PROFILE = `(country <> '' or age_years > 0 or gender > 0)`;

/**
 * At one moment lists come before watches, and a list's items come together. Of a page all lists are served at its
 * first impression, so that what is known of the user is frozen for the page.
 */
const TIMELINE = `
  with pages as (select page_id, min(at_ms) as page_ms from impressions group by page_id),
  profiles as (select user_id, 1.0::double as has_profile from users where ${HAS_PROFILE}),
  happened as (
    select page_ms as event_ms, 0 as kind, user_id, video_id, 0.0 as position_seconds, country, device, page_id, list_id, surface,
           at_ms, 0.0 as spread_ms, source, line
    from impressions join pages using (page_id)
    union all
    select at_ms, 1, user_id, video_id, position_seconds, country, device, '', '', '', at_ms, 0.0, source, line
    from impressions where clicked = 1
    union all
    select at_ms + spread_ms, 2, user_id, video_id, position_seconds, country, device, '', '', '', at_ms, spread_ms, source, line
    from watches)
  select event_ms, kind::double, user_id, video_id, position_seconds, country, device, page_id, list_id, surface,
         event_ms - spread_ms, happened.source, happened.line, ${FACTS},
         coalesce(has_profile, 0.0::double)
  from happened left join videos using (video_id) left join profiles using (user_id)
  order by event_ms, kind, user_id, list_id, at_ms, happened.source, happened.line`;

export async function* readTimeline(staging: Staging): AsyncGenerator<TimelineRow[]> {
  const topicsOf = topicsReader();
  for await (const { rowCount, text, number } of chunks(staging, TIMELINE)) {
    yield Array.from({ length: rowCount }, (_, row) => ({
      atMs: number(0, row),
      kind: KINDS[number(1, row)],
      userId: text(2, row),
      videoId: text(3, row),
      positionSeconds: number(4, row),
      country: text(5, row),
      device: text(6, row),
      pageId: text(7, row),
      listId: text(8, row),
      surface: text(9, row),
      toldAtMs: number(10, row),
      source: number(11, row),
      line: number(12, row),
      facts: {
        channelId: text(13, row),
        topics: topicsOf(text(14, row)),
        durationSeconds: number(15, row),
        uploadedAtMs: number(16, row),
      },
      hasProfile: number(17, row) === 1,
    }));
  }
}

/** By upload time, then id. */
export async function* readVideos(staging: Staging): AsyncGenerator<StagedVideo[]> {
  const topicsOf = topicsReader();
  const query = `select video_id, title, ${FACTS} from videos order by uploaded_at_ms, source, line, video_id`;
  for await (const { rowCount, text, number } of chunks(staging, query)) {
    yield Array.from({ length: rowCount }, (_, row) => ({
      videoId: text(0, row),
      title: text(1, row),
      facts: {
        channelId: text(2, row),
        topics: topicsOf(text(3, row)),
        durationSeconds: number(4, row),
        uploadedAtMs: number(5, row),
      },
    }));
  }
}

/** In the order of their file. */
export async function* readUsers(staging: Staging): AsyncGenerator<StagedUser[]> {
  const query = `select user_id, country, age_years, gender, ${HAS_PROFILE}::double from users order by source, line`;
  for await (const { rowCount, text, number } of chunks(staging, query)) {
    yield Array.from({ length: rowCount }, (_, row) => ({
      userId: text(0, row),
      country: text(1, row),
      ageYears: number(2, row),
      gender: number(3, row),
      hasProfile: number(4, row) === 1,
    }));
  }
}

export interface StagedCounts {
  readonly videos: number;
  readonly users: number;
  readonly impressions: number;
  readonly lists: number;
  readonly pages: number;
  /** Of impressions. */
  readonly clicked: number;
  /** From elsewhere. */
  readonly watches: number;
  /** Of anything that happened; undefined when nothing did. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
}

/** @param mostItems of one list; longer ones are cut */
export async function countStaged({ connection }: Staging, mostItems: number): Promise<StagedCounts> {
  const result = await connection.runAndReadAll(`
    with lists as (select list_id, count(*) as items from impressions group by list_id)
    select (select count(*) from videos)::double as videos,
           (select count(*) from users)::double as users,
           (select count(*) from impressions)::double as impressions,
           (select coalesce(sum(ceil(items / ${mostItems}.0)), 0) from lists)::double as lists,
           (select count(distinct page_id) from impressions)::double as pages,
           (select count(*) from impressions where clicked = 1)::double as clicked,
           (select count(*) from watches)::double as watches,
           (select min(at_ms) from (select at_ms from impressions union all select at_ms from watches)) as "firstMs",
           (select max(at_ms) from (select at_ms from impressions union all select at_ms from watches)) as "lastMs"`);
  const counts = result.getRowObjects()[0] as unknown as StagedCounts;
  return { ...counts, firstMs: counts.firstMs ?? undefined, lastMs: counts.lastMs ?? undefined };
}

/** Users and videos that they watched; by two hashes, since the ids of all pairs would not fit into memory. */
export async function countPairs({ connection }: Staging): Promise<number> {
  const pairs = 'select distinct hash(user_id), hash(video_id) from watches';
  const result = await connection.runAndReadAll(`select count(*)::double from (${pairs})`);
  return result.getRows()[0][0] as number;
}

interface Cells {
  readonly rowCount: number;
  readonly text: (column: number, row: number) => string;
  readonly number: (column: number, row: number) => number;
}

async function* chunks({ connection }: Staging, query: string): AsyncGenerator<Cells> {
  const result = await connection.stream(query);
  for (;;) {
    const chunk: DuckDBDataChunk | null = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const vectors = Array.from({ length: chunk.columnCount }, (_, column) => chunk.getColumnVector(column));
    const cell = (column: number, row: number) => vectors[column].getItem(row);
    yield {
      rowCount: chunk.rowCount,
      text: cell as Cells['text'],
      number: cell as Cells['number'],
    };
  }
}

/** Many videos share their topics, so they share the list. */
function topicsReader(): (json: string) => string[] {
  const known = new Map<string, string[]>([['', []]]);
  return (json) => {
    let topics = known.get(json);
    if (topics === undefined) {
      topics = JSON.parse(json) as string[];
      if (known.size < 100_000) known.set(json, topics);
    }
    return topics;
  };
}
