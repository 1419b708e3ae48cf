/**
 * KuaiRand (Gao et al., CIKM 2022): impressions of a short-video app with play time. The mapping stands in `MAPPING`,
 * which the command line prints.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { Rung, type Event, type ImpressionItem } from '@watchnext/contract';
import { BadRows } from '../bad-rows';
import { eventIdOf } from '../event-id';
import type { Importer, ImportOptions } from '../importer';
import { findFiles } from './files';
import { load, type Loaded } from './load';

const MAPPING = `KuaiRand becomes events as follows.
  video_features_basic   each row a VideoUpserted: video-ID, channel author-ID, topics tag-N, duration (none for picture
                         posts), uploaded at midnight in Beijing of upload_dt. The title is made of id and topics.
  user_features          each row a UserUpserted: user-ID, with an empty profile, since none is told. Dated just
                         before the first activity.
  log_standard_*         a page is one user and one date (the log's own column; there is no request id). Each tab of a
                         page is one ImpressionsServed with surface tab-N, its items in order of time; all lists of
                         a page are served at the page's first impression and stand before its watches, so that
                         what is known of the user is frozen for the page. Each row with is_click = 1 is a Watch at
                         its time_ms, joined to its impression, of play_time_ms but at most 600 s. A row with
                         is_click = 0 is an impression without a watch, whatever its play time.
  user_sequences         (not of the official edition; used where present) each element of watch_seq is a Watch from
                         elsewhere, ten minutes apart and the last at last_time_ms: in full (10 s of a picture post)
                         if long_watch_seq has it, matched in order from the end, else 20% of it but at most 5 s,
                         which is no completed watch. What long_watch_seq has beyond the 50 watches of watch_seq
                         comes before them. A few users' sequences overlap the first hours of the log.
  log_random_*, video_features_statistic_*   not used.
Order: catalogue, users, then activity by time; at one moment lists before watches. Ids follow from file and line.`;

const PRODUCER = 'import:kuairand';
/** The collector takes no longer list. */
const MOST_ITEMS = 500;

/** Kinds as they sort at one moment. */
const SERVED = 0;
const WATCH = 1;
const SEQUENCE_WATCH = 2;

type Row = [
  atMs: number,
  kind: number,
  user: number,
  day: number,
  tab: number,
  video: number,
  playSeconds: number,
  period: string,
  line: number,
  items: string | null,
];

export class KuaiRandImporter implements Importer {
  readonly name = 'kuairand';

  describeMapping(): string {
    return MAPPING;
  }

  async *events(path: string, options: ImportOptions = {}): AsyncGenerator<Event> {
    const files = await findFiles(path);
    const spill = await mkdtemp(join(tmpdir(), 'watchnext-import-'));
    const database = await DuckDBInstance.create(':memory:', { temp_directory: spill });
    const connection = await database.connect();
    try {
      const loaded = await load(connection, files, options.badRows ?? new BadRows(), options);
      const { counts, firstMs } = await countRows(connection);
      options.onLoaded?.({
        eventCount: loaded.videos.size + loaded.users.length + counts.lists + counts.watches + counts.sequence_watches,
        counts: { videos: loaded.videos.size, users: loaded.users.length, ...counts },
      });
      yield* this.catalogueAndUsers(loaded, firstMs);
      const rows = await connection.stream(TIMELINE);
      for await (const chunk of rows.yieldRowsJs()) {
        options.signal?.throwIfAborted();
        for (const row of chunk as unknown as Row[]) yield* this.activity(row, loaded);
      }
    } finally {
      connection.closeSync();
      database.closeSync();
      await rm(spill, { recursive: true, force: true });
    }
  }

  private *catalogueAndUsers({ videos, users }: Loaded, firstActivityMs: number): Generator<Event> {
    for (const { id, facts } of videos.values()) {
      const title = facts.topics.length > 0 ? `Video ${id} (${facts.topics.join(', ')})` : `Video ${id}`;
      yield event(facts.uploadedAtMs, `video ${id}`, {
        $case: 'videoUpserted',
        value: { videoId: `video-${id}`, title, video: facts, thumbnailUrl: '' },
      });
    }
    for (const user of users) {
      yield event(firstActivityMs - 1, `user ${user}`, {
        $case: 'userUpserted',
        value: { userId: `user-${user}`, profile: undefined },
      });
    }
  }

  private *activity(row: Row, { videos }: Loaded): Generator<Event> {
    const [atMs, kind, user, day, tab, video, playSeconds, period, line, items] = row;
    const userId = `user-${user}`;
    if (kind === SERVED) {
      yield* served(atMs, userId, day, tab, JSON.parse(items!) as ServedItem[], videos);
      return;
    }
    const impressionId = kind === WATCH ? impressionIdOf(period, line) : '';
    const name = kind === WATCH ? impressionId : `sequence ${user} ${line}`;
    yield event(atMs, `watch ${name}`, {
      $case: 'watch',
      value: {
        userId,
        videoId: `video-${video}`,
        playbackId: kind === WATCH ? impressionId : `kuairand:sequence:${user}:${line}`,
        impressionId,
        positionSeconds: playSeconds,
        video: videos.get(video)!.facts,
        country: '',
        device: '',
      },
    });
  }
}

/** Video, period and line of an impression. */
type ServedItem = [video: number, period: string, line: number];

function* served(
  atMs: number,
  userId: string,
  day: number,
  tab: number,
  items: ServedItem[],
  videos: Loaded['videos'],
): Generator<Event> {
  for (let from = 0; from < items.length; from += MOST_ITEMS) {
    const requestId = `kuairand:${userId}:${day}:${tab}${from === 0 ? '' : `:${from / MOST_ITEMS}`}`;
    yield event(atMs, `served ${requestId}`, {
      $case: 'impressionsServed',
      value: {
        userId,
        requestId,
        pageId: `kuairand:${userId}:${day}`,
        context: {
          requestedAtMs: atMs,
          surface: `tab-${tab}`,
          country: '',
          device: '',
          loggedIn: true,
          seedVideoId: '',
        },
        mark: undefined,
        snapshotId: '',
        rung: Rung.UNSPECIFIED,
        rungReason: '',
        items: items.slice(from, from + MOST_ITEMS).map(([video, period, line], n): ImpressionItem => ({
          impressionId: impressionIdOf(period, line),
          videoId: `video-${video}`,
          position: from + n,
          video: videos.get(video)!.facts,
          source: '',
          sourceScore: 0,
          score: undefined,
          featuresChecksum: undefined,
          propensity: 0,
          team: '',
        })),
        experimentId: '',
        variantId: '',
        assignments: [],
        latencyMs: 0,
        exploredPlaces: [],
      },
    });
  }
}

const impressionIdOf = (period: string, line: number) => `kuairand:${period}:${line}`;

function event(atMs: number, name: string, body: NonNullable<Event['body']>): Event {
  return {
    eventId: eventIdOf(atMs, `kuairand ${name}`),
    occurredAtMs: atMs,
    receivedAtMs: atMs,
    producer: PRODUCER,
    backfill: true,
    body,
  };
}

interface Counts extends Record<string, number> {
  readonly impressions: number;
  readonly lists: number;
  readonly pages: number;
  readonly watches: number;
  readonly sequence_watches: number;
}

async function countRows(connection: DuckDBConnection): Promise<{ counts: Counts; firstMs: number }> {
  const [{ first_ms: firstMs, ...counts }] = (
    await connection.runAndReadAll(`
      with lists as (select user_id, day, tab, count(*) as items from impressions group by all)
      select (select count(*) from impressions)::double as impressions,
             (select sum(ceil(items / ${MOST_ITEMS}.0)) from lists)::double as lists,
             (select count(*) from (select distinct user_id, day from impressions))::double as pages,
             (select count(*) from impressions where clicked)::double as watches,
             (select count(*) from sequence_watches)::double as sequence_watches,
             coalesce((select min(at_ms) from (select at_ms from impressions union all select at_ms from sequence_watches)), 1)::double as first_ms`)
  ).getRowObjectsJS() as unknown as (Counts & { first_ms: number })[];
  return { counts, firstMs };
}

/** Everything that happened, in order of time. Numbers come as doubles: exact up to 2^53, and cheap to read. */
const TIMELINE = `
  with pages as (select user_id, day, min(at_ms) as page_ms from impressions group by all),
  lists as (
    select page_ms as at_ms, user_id, day, tab,
           to_json(list([to_json(video_id), to_json(period), to_json(line)] order by impressions.at_ms, period, line))::varchar as items
    from impressions join pages using (user_id, day)
    group by all)
  select at_ms::double, kind::double, user_id::double, day::double, tab::double, video_id::double, play_seconds, period, line::double, items
  from (
    select at_ms, ${SERVED} as kind, user_id, day, tab, 0 as video_id, 0 as play_seconds, '' as period, 0 as line, items from lists
    union all
    select at_ms, ${WATCH}, user_id, day, tab, video_id, play_seconds, period, line, null from impressions where clicked
    union all
    select at_ms, ${SEQUENCE_WATCH}, user_id, 0, 0, video_id, play_seconds, '', number, null from sequence_watches)
  order by at_ms, kind, user_id, day, tab, period, line`;
