import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Event, ImpressionsServed, Watch } from '@watchnext/contract';
import { BadRows, datasetEvents, DatasetError, importEvents, type ImportSummary } from '../index';
import { KuaiRandImporter } from './importer';
import { joinSequences } from './load';

const LOG_HEADER =
  'user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,is_forward,is_hate,long_view,play_time_ms,duration_ms,profile_stay_time,comment_stay_time,is_profile_enter,is_rand,tab';
const VIDEO_HEADER =
  'video_id,author_id,video_type,upload_dt,upload_type,visible_status,video_duration,server_width,server_height,music_id,music_type,tag';
const T = 1_650_812_000_000;

interface LogRow {
  user: number;
  video: number;
  date?: number;
  at: number;
  click?: string | number;
  play?: string | number;
  tab?: number;
}

const logRow = ({ user, video, date = 20220425, at, click = 0, play = 0, tab = 1 }: LogRow) =>
  `${user},${video},${date},0,${at},${click},0,0,0,0,0,0,${play},20000,0,0,0,0,${tab}`;

const VIDEOS = [
  '0,900,NORMAL,2022-04-10,Web,0.0,20000.0,720.0,1280.0,1,9.0,39',
  '1,901,NORMAL,2022-04-09,Web,0.0,60000.0,720.0,1280.0,1,9.0,"20,43"',
  '2,900,NORMAL,2022-04-11,LongPicture,0.0,,720.0,1280.0,1,8.0,',
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchnext-datasets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function writeFolder(
  log: readonly string[],
  { videos = VIDEOS, users = ['7', '3'], logHeader = LOG_HEADER } = {},
): Promise<void> {
  await writeFile(
    join(folder, 'user_features_pure.csv'),
    `user_id,user_active_degree,fans_user_num_range\n${users.map((user) => `${user},full_active,"[100,1k)"`).join('\n')}\n`,
  );
  await writeFile(join(folder, 'video_features_basic_pure.csv'), `${[VIDEO_HEADER, ...videos].join('\r\n')}\r\n`);
  await writeFile(join(folder, 'log_standard_4_22_to_5_08_pure.csv'), `\uFEFF${[logHeader, ...log].join('\n')}\n`);
}

async function writeSequences(rows: readonly string[]): Promise<void> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  await connection.run(`copy (select * from (values ${rows.join(', ')}) s(user_id, last_time_ms, watch_seq, long_watch_seq))
                        to '${join(folder, 'user_sequences_to_4_24.parquet')}' (format parquet)`);
  connection.closeSync();
  database.closeSync();
}

async function read(): Promise<{ events: Event[]; badRows: BadRows; summary: ImportSummary }> {
  const events: Event[] = [];
  const badRows = new BadRows();
  let summary: ImportSummary | undefined;
  for await (const event of datasetEvents(new KuaiRandImporter(), folder, {
    badRows,
    mostBadRows: 1,
    onLoaded: (loaded) => (summary = loaded),
  }))
    events.push(event);
  return { events, badRows, summary: summary! };
}

const lists = (events: readonly Event[]) =>
  events.flatMap(({ body }): ImpressionsServed[] => (body?.$case === 'impressionsServed' ? [body.value] : []));
const watches = (events: readonly Event[]) =>
  events.flatMap(({ body }): Watch[] => (body?.$case === 'watch' ? [body.value] : []));

describe('the KuaiRand importer', () => {
  it('freezes a page: all its lists come at its first impression, in order, before its watches', async () => {
    await writeFolder([
      logRow({ user: 7, video: 1, at: T + 3_000, click: 1, play: 30_000, tab: 2 }),
      logRow({ user: 7, video: 0, at: T + 1_000, click: 1, play: 900_000 }),
      logRow({ user: 7, video: 1, at: T + 2_000, click: 0, play: 5_000 }),
      logRow({ user: 7, video: 0, at: T + 4_000, date: 20220426 }),
    ]);
    const { events, badRows, summary } = await read();
    expect(badRows.total).toBe(0);
    const activity = events.slice(5);
    expect(activity.map((event) => [event.body!.$case, event.occurredAtMs - T])).toEqual([
      ['impressionsServed', 1_000],
      ['impressionsServed', 1_000],
      ['watch', 1_000],
      ['watch', 3_000],
      ['impressionsServed', 4_000],
    ]);
    expect(
      lists(events).map((list) => [
        list.pageId,
        list.context!.surface,
        list.items.map((item) => [item.videoId, item.position]),
      ]),
    ).toEqual([
      [
        'kuairand:user-7:20220425',
        'tab-1',
        [
          ['video-0', 0],
          ['video-1', 1],
        ],
      ],
      ['kuairand:user-7:20220425', 'tab-2', [['video-1', 0]]],
      ['kuairand:user-7:20220426', 'tab-1', [['video-0', 0]]],
    ]);
    // A long play counts for ten minutes; what was not clicked is no watch, whatever its play time.
    expect(watches(events).map((watch) => [watch.videoId, watch.positionSeconds])).toEqual([
      ['video-0', 600],
      ['video-1', 30],
    ]);
    expect(watches(events)[0].impressionId).toBe(lists(events)[0].items[0].impressionId);
    expect(summary.eventCount).toBe(events.length);
    expect(summary.counts).toMatchObject({ impressions: 4, lists: 3, pages: 2, watches: 2, videos: 3, users: 2 });
  });

  it('puts the catalogue and the users first, with what is known of them', async () => {
    await writeFolder([logRow({ user: 7, video: 1, at: T })]);
    const { events } = await read();
    expect(events.map((event) => event.body!.$case)).toEqual([
      'videoUpserted',
      'videoUpserted',
      'videoUpserted',
      'userUpserted',
      'userUpserted',
      'impressionsServed',
    ]);
    expect(events[0].body).toMatchObject({
      value: {
        videoId: 'video-1',
        video: {
          channelId: 'author-901',
          topics: ['tag-20', 'tag-43'],
          durationSeconds: 60,
          uploadedAtMs: Date.parse('2022-04-09T00:00:00+08:00'),
        },
      },
    });
    expect(events[2].body).toMatchObject({ value: { videoId: 'video-2', video: { topics: [], durationSeconds: 0 } } });
    expect(events[3].occurredAtMs).toBe(T - 1);
    expect(events.every((event) => event.backfill && event.producer === 'import:kuairand')).toBe(true);
  });

  it('names the first bad rows with line and reason, counts the rest and goes on', async () => {
    await writeFolder(
      [
        logRow({ user: 7, video: 0, at: T }),
        logRow({ user: 7, video: 0, at: T, play: '-5' }),
        '7,0,20220425',
        '',
        logRow({ user: 7, video: 99, at: T }),
        logRow({ user: 7, video: 0, at: 12 }),
        logRow({ user: 7, video: 0, at: T, click: 2 }),
        `${logRow({ user: 7, video: 0, at: T })}"`,
        logRow({ user: 7, video: 0, at: T, click: 'x' }),
        logRow({ user: 7, video: 1, at: T + 1 }),
      ],
      {
        videos: [
          ...VIDEOS,
          '0,1,NORMAL,2022-04-10,Web,0.0,1.0,1,1,1,9.0,1',
          '5,1,NORMAL,tomorrow,Web,0.0,1.0,1,1,1,9.0,1',
        ],
      },
    );
    const { events, badRows } = await read();
    expect(lists(events).flatMap((list) => list.items)).toHaveLength(2);
    expect(badRows.total).toBe(9);
    expect(badRows.first.map(({ file, line, reason }) => `${file}:${line} ${reason}`)).toEqual([
      'video_features_basic_pure.csv:5 video_id "video-0" stands there twice',
      'video_features_basic_pure.csv:6 upload_dt is no date: "tomorrow"',
      'log_standard_4_22_to_5_08_pure.csv:3 play_time_ms is no whole number: "-5"',
      'log_standard_4_22_to_5_08_pure.csv:4 3 cells where the header has 19',
      'log_standard_4_22_to_5_08_pure.csv:7 time_ms is 1970-01-01, before 1995: is it in another unit?',
      'log_standard_4_22_to_5_08_pure.csv:8 is_click is neither 0 nor 1: "2"',
      'log_standard_4_22_to_5_08_pure.csv:9 tab is no whole number: "1\\""',
    ]);
    expect(badRows.describe()).toContain('log_standard_4_22_to_5_08_pure.csv: 7 rows left out');
    expect(badRows.describe()).toContain('and 2 more');
  });

  it('turns the sequences into watches that end at the last time, long ones in full, the others not completed', async () => {
    await writeFolder([logRow({ user: 7, video: 0, at: T })]);
    await writeSequences([`(7, ${T - 5_000}, [0, 1, 0], [1, 0])`, `(3, ${T - 9_000}, [2, 2], [2])`]);
    const { events } = await read();
    const of = (user: string) => events.filter(({ body }) => body?.$case === 'watch' && body.value.userId === user);
    expect(
      of('user-7').map((event) => [
        event.occurredAtMs - T,
        (event.body!.value as Watch).videoId,
        (event.body!.value as Watch).positionSeconds,
      ]),
    ).toEqual([
      [-1_205_000, 'video-0', 4],
      [-605_000, 'video-1', 60],
      [-5_000, 'video-0', 20],
    ]);
    expect(watches(of('user-3')).map((watch) => watch.positionSeconds)).toEqual([0, 10]);
    expect(watches(of('user-7')).every((watch) => watch.impressionId === '')).toBe(true);
  });

  it("reads a folder's own sequences, and not those of one that its name would be a pattern of", async () => {
    const outside = folder;
    for (const [name, user] of [
      ['kuairand', 3],
      ['kuai[r]and', 7],
    ] as const) {
      folder = join(outside, name);
      await mkdir(folder);
      await writeFolder([logRow({ user: 7, video: 0, at: T })]);
      await writeSequences([`(${user}, ${T - 5_000}, [0, 1], [1])`]);
    }
    const { events } = await read();
    folder = outside;
    expect([...new Set(watches(events).map(({ userId }) => userId))]).toEqual(['user-7']);
  });

  it('joins the two sequences from their common end', () => {
    const joined = (watched: number[], long: number[]) =>
      joinSequences(watched, long)
        .map(({ video, long: full }) => `${video}${full ? '!' : ''}`)
        .join(' ');
    expect(joined([1, 2, 1, 3], [1, 3])).toBe('1 2 1! 3!');
    expect(joined([1, 2], [8, 9, 2])).toBe('8! 9! 1 2!');
    expect(joined([1, 2], [])).toBe('1 2');
  });

  it('gives the same events every time, in order of time, under ids of their own', async () => {
    await writeFolder(
      Array.from({ length: 200 }, (_, i) =>
        logRow({
          user: i % 2 ? 7 : 3,
          video: i % 3,
          at: T + ((i * 7_919) % 1_000) * 1_000,
          click: i % 2,
          play: 1_000 * i,
          tab: i % 4,
        }),
      ),
    );
    const first = await read();
    const second = await read();
    expect(second.events).toEqual(first.events);
    expect(new Set(first.events.map((event) => event.eventId)).size).toBe(first.events.length);
    const times = first.events.slice(3).map((event) => event.occurredAtMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it.each([
    ['a folder that is none', async () => (folder = join(folder, 'nowhere')), /nowhere is no folder/],
    [
      'missing files',
      async () => undefined,
      /lacks user_features_pure.csv, video_features_basic_pure.csv, log_standard/,
    ],
    [
      'a missing column',
      () => writeFolder([], { logHeader: LOG_HEADER.replace('play_time_ms,', '').replace('is_click,', '') }),
      /pure.csv lacks the columns is_click, play_time_ms/,
    ],
  ])('says what is wrong with %s', async (_, prepare, message) => {
    const kept = folder;
    await prepare();
    const failure = await read().catch((error: Error) => error);
    folder = kept;
    expect(failure).toBeInstanceOf(DatasetError);
    expect((failure as Error).message).toMatch(message);
  });
});

describe('importEvents', () => {
  it('sends everything in order and counts only what was flushed', async () => {
    await writeFolder([logRow({ user: 7, video: 0, at: T }), 'broken']);
    const sent: Event[] = [];
    let flushed = 0;
    const progress: number[][] = [];
    const result = await importEvents(
      new KuaiRandImporter(),
      folder,
      { send: (event) => void sent.push(event), flush: async () => void (flushed = sent.length) },
      { onSent: (done, total) => progress.push([done, total, flushed]) },
    );
    expect(result.sent).toBe(6);
    expect(result.badRows.total).toBe(1);
    expect(progress).toEqual([[6, 6, 6]]);
    expect(sent[5].body!.$case).toBe('impressionsServed');
  });
});
