import { type Event, type ImpressionsServed, TOPICS, type UserState } from '@watchnext/contract';
import { RANKING_VIDEO_NUMBERS } from './ranking-video-features';
import { applyEvent } from './reducer';
import { replayUser, replayUserInto } from './replay';
import type { CountedImpression, ReplayOptions } from './replay-types';
import { newState } from './state-codec';
import {
  eventOf,
  impressionItem,
  servedBody,
  SOME_TIME_MS,
  USER_ID,
  videoFacts,
  watchBody,
} from './testing/event-builders';
import type { RankingExample, UserRecord } from './types';
import { DAY_MS, HOUR_MS } from './time';

const MINUTE_MS = 60_000;
const OPTIONS: ReplayOptions = { joinWindowMs: DAY_MS, logEndMs: Infinity };
type Body = NonNullable<Event['body']>;

/** Records at offsets 0, 1, …, each `minutes` after the start. */
function log(...entries: (readonly [minutes: number, body: Body, more?: Partial<Event>])[]): UserRecord[] {
  return entries.map(([minutes, body, more], offset) => {
    const event = eventOf(body, { atMs: SOME_TIME_MS + minutes * MINUTE_MS, sequence: offset });
    return { topic: TOPICS.activity, partition: 0, offset, event: { ...event, ...more } };
  });
}

const watch = (videoId: string, more = {}) => watchBody({ videoId, playbackId: `playback of ${videoId}`, ...more });
const mark = (offset: number) => ({ topic: TOPICS.activity as string, partition: 0, offset });
const deleted: Body = { $case: 'userDeleted', value: { userId: USER_ID } };
const upserted: Body = { $case: 'userUpserted', value: { userId: USER_ID, profile: undefined } };
const viewed = (...impressionIds: string[]): Body => ({
  $case: 'impressionsViewed',
  value: { userId: USER_ID, requestId: 'request-1', impressionIds },
});
const number = (example: RankingExample, name: (typeof RANKING_VIDEO_NUMBERS)[number]) =>
  example.video.numbers[RANKING_VIDEO_NUMBERS.indexOf(name)];

describe('candidate examples', () => {
  it('have each completed watch as a label, and what came before it as input', () => {
    const records = log(
      [0, watch('a')],
      [1, { $case: 'search', value: { userId: USER_ID, query: 'cats' } }],
      [2, watch('skipped', { positionSeconds: 3 })],
      [3, watch('b', { country: 'FR', device: 'tv' })],
      [4, watch('b', { positionSeconds: 90 })],
    );
    const { candidateExamples, watches } = replayUser(records, OPTIONS);
    expect(candidateExamples).toMatchObject([
      { labelVideoId: 'a', labelAtMs: SOME_TIME_MS, features: { watchedVideoIds: [], searchTokens: [] } },
      {
        userId: USER_ID,
        labelVideoId: 'b',
        labelAtMs: SOME_TIME_MS + 3 * MINUTE_MS,
        features: { watchedVideoIds: ['a'], searchTokens: ['cats'], country: 'FR', device: 'tv', loggedIn: false },
      },
    ]);
    expect(watches.map(({ videoId, watchSeconds, completed }) => [videoId, watchSeconds, completed])).toEqual([
      ['a', 60, true],
      ['skipped', 3, false],
      ['b', 90, true],
    ]);
  });

  it('are taken at the first report, though a later one completes the watch', () => {
    const records = log(
      [0, watch('a', { positionSeconds: 1 })],
      [1, watch('b')],
      [2, watch('a', { positionSeconds: 80 })],
    );
    const { candidateExamples } = replayUser(records, OPTIONS);
    expect(candidateExamples.map(({ labelVideoId, features }) => [labelVideoId, features.watchedVideoIds])).toEqual([
      ['a', []],
      ['b', []],
    ]);
  });

  it('tell neither when their label was watched nor for how long: it is asked for before', () => {
    const featuresOfLabel = (minutes: number, positionSeconds: number) =>
      replayUser(log([0, watch('a')], [minutes, watch('b', { positionSeconds })]), OPTIONS).candidateExamples[1]
        .features;
    expect(featuresOfLabel(90 * 24 * 60, 95)).toEqual(featuresOfLabel(1, 40));
  });

  it('have the times of the watches before where they are asked for, and those tell nothing of the label', () => {
    const featuresOfLabel = (minutes: number) =>
      replayUser(log([0, watch('a')], [1, watch('b')], [minutes, watch('c')]), { ...OPTIONS, withWatchTimes: true })
        .candidateExamples[2].features;
    expect(featuresOfLabel(3).watchedAtMs).toEqual([SOME_TIME_MS, SOME_TIME_MS + MINUTE_MS]);
    expect(featuresOfLabel(90 * 24 * 60)).toEqual(featuresOfLabel(3));
  });

  it('know nothing dated at their own time or later, whatever the log has', () => {
    const records = log([5, watch('future')], [0, watch('late')], [0, watch('same moment')]);
    const { candidateExamples } = replayUser(records, OPTIONS);
    expect(candidateExamples.map(({ features }) => features.watchedVideoIds)).toEqual([[], [], []]);
  });

  it('are not made of a playback that the checkpoint knows', () => {
    const initialState = newState(USER_ID);
    const [first, ...rest] = log([0, watch('a')], [1, watch('a', { positionSeconds: 90 })], [2, watch('b')]);
    applyEvent(initialState, first.event);
    const { candidateExamples } = replayUser(rest, { ...OPTIONS, initialState });
    expect(candidateExamples).toMatchObject([{ labelVideoId: 'b', features: { watchedVideoIds: ['a'] } }]);
  });
});

describe('ranking examples', () => {
  const items = [
    impressionItem({ impressionId: 'i0', videoId: 'a', position: 0, score: 12, featuresChecksum: 99 }),
    impressionItem({ impressionId: 'i1', videoId: 'b', position: 1 }),
  ];
  const labels = (records: readonly UserRecord[], options: Partial<ReplayOptions> = {}) =>
    replayUser(records, { ...OPTIONS, ...options }).rankingExamples.map((example) => [
      example.impressionId,
      example.clicked,
      example.watchSeconds,
    ]);

  it('carry what was served and what came of it', () => {
    const served = servedBody({ pageId: 'page', snapshotId: 'snapshot', items });
    const { rankingExamples } = replayUser(log([0, served], [1, watch('a', { impressionId: 'i0' })]), OPTIONS);
    expect(rankingExamples).toMatchObject([
      {
        userId: USER_ID,
        requestId: 'request-1',
        pageId: 'page',
        impressionId: 'i0',
        servedAtMs: SOME_TIME_MS,
        position: 0,
        clicked: true,
        watchSeconds: 60,
        served: { snapshotId: 'snapshot', score: 12, featuresChecksum: 99 },
      },
      { impressionId: 'i1', clicked: false, watchSeconds: 0, served: { score: undefined } },
    ]);
  });

  it('have the features of the mark, not those of the place in the log', () => {
    const shown = (requestId: string, offset: number | undefined) =>
      servedBody({
        requestId,
        mark: offset === undefined ? undefined : mark(offset),
        items: [impressionItem({ impressionId: requestId, videoId: 'a' })],
      });
    const records = log([0, shown('r0', -1)], [1, shown('r1', undefined)], [2, shown('r2', 0)], [3, shown('r3', 99)]);
    const { rankingExamples } = replayUser(records, OPTIONS);
    expect(rankingExamples.map((example) => number(example, 'previousImpressionCount'))).toEqual([0, 1, 1, 3]);
  });

  it('have the features of before their page, where its lists of one moment have no marks', () => {
    const shown = (requestId: string, pageId: string) =>
      servedBody({
        requestId,
        pageId,
        mark: undefined,
        context: undefined,
        items: [impressionItem({ impressionId: requestId, videoId: 'a' })],
      });
    const records = log(
      [0, shown('r0', 'morning')],
      [0, shown('r1', 'morning')],
      [0, watch('a', { impressionId: 'r0' })],
      [0, shown('r2', 'morning')],
      // Another page, the same page at another moment, and lists of no page.
      [0, shown('r3', 'other')],
      [1, shown('r4', 'other')],
      [2, shown('r5', '')],
      [2, shown('r6', '')],
    );
    const { rankingExamples } = replayUser(records, OPTIONS);
    expect(rankingExamples.map((example) => number(example, 'previousImpressionCount'))).toEqual([0, 0, 0, 0, 4, 5, 0]);
    expect(rankingExamples[0]).toMatchObject({ clicked: true, watchSeconds: 60 });
  });

  it('go without an answer where the checkpoint is past their mark', () => {
    const served = servedBody({ mark: mark(10) });
    const [record] = log([0, served]);
    const options = { ...OPTIONS, initialState: newState(USER_ID) as UserState };
    const at = (offset: number) => replayUser([{ ...record, offset: 20 }], { ...options, initialMark: mark(offset) });
    expect(at(11)).toMatchObject({ rankingExamples: [], unplacedRequestCount: 1 });
    expect(at(10)).toMatchObject({ rankingExamples: [{ impressionId: 'impression-1' }], unplacedRequestCount: 0 });
  });

  it('add up the playbacks of one impression, each at its last position, up to three hours', () => {
    const served = [0, servedBody({ items })] as const;
    const seconds = (playbackId: string, positionSeconds: number) =>
      watchBody({ videoId: 'a', impressionId: 'i0', playbackId, positionSeconds });
    expect(labels(log(served, [1, seconds('p', 5)], [2, seconds('p', 20)], [3, seconds('q', 7)]))[0]).toEqual([
      'i0',
      true,
      27,
    ]);
    expect(labels(log(served, [1, seconds('p', 90_000)]))[0]).toEqual(['i0', true, 10_800]);
  });

  it('join watches of the same video within the window only', () => {
    const served = [0, servedBody({ items })] as const;
    const a = watch('a', { impressionId: 'i0' });
    expect(labels(log(served, [24 * 60, a]))[0]).toEqual(['i0', true, 60]);
    expect(labels(log(served, [24 * 60 + 1, a]))[0]).toEqual(['i0', false, 0]);
    expect(labels(log(served, [1, watch('next', { impressionId: 'i0' })]))[0]).toEqual(['i0', false, 0]);
    const parts = log(served, [1, a], [24 * 60 + 1, watch('a', { impressionId: 'i0', positionSeconds: 99 })]);
    expect(labels(parts)[0]).toEqual(['i0', true, 60]);
  });

  it('wait until their window has passed, watched or not, unless they are a backfill', () => {
    const young = { logEndMs: SOME_TIME_MS + DAY_MS - 1 };
    const entries = [
      [0, servedBody({ items })],
      [1, watch('a', { impressionId: 'i0' })],
    ] as const;
    expect(labels(log(...entries), young)).toEqual([]);
    expect(labels(log(...entries), { logEndMs: SOME_TIME_MS + DAY_MS })).toHaveLength(2);
    expect(labels(log([0, entries[0][1], { backfill: true }], entries[1]), young)).toHaveLength(2);
  });

  it('wait for the end of the log; those after it, which are strays, for the newest of these', () => {
    const strayMinutes = (1_000 * DAY_MS) / MINUTE_MS;
    const stray = [
      strayMinutes,
      servedBody({ requestId: 'late', items: [{ ...items[0], impressionId: 'late' }] }),
    ] as const;
    const records = log([0, servedBody({ items })], stray);
    const given = (ageMs: number, strayAgeMs: number) =>
      labels(records, {
        logEndMs: SOME_TIME_MS + ageMs,
        straysEndMs: SOME_TIME_MS + 1_000 * DAY_MS + strayAgeMs,
      }).map(([impressionId]) => impressionId);
    expect(given(DAY_MS - 1, DAY_MS - 1)).toEqual([]);
    expect(given(DAY_MS - 1, DAY_MS)).toEqual(['late']);
    expect(given(DAY_MS, DAY_MS - 1)).toEqual(['i0', 'i1']);
  });

  it('have their outcome as soon as they are told to, and of a late watch all the same', () => {
    const settledAfterMs = HOUR_MS;
    const served = [0, servedBody({ items })] as const;
    const early = log(served, [1, watch('a', { impressionId: 'i0' })]);
    expect(labels(early, { settledAfterMs, logEndMs: SOME_TIME_MS + HOUR_MS - 1 })).toEqual([]);
    expect(labels(early, { settledAfterMs, logEndMs: SOME_TIME_MS + HOUR_MS })).toHaveLength(2);
    const late = log(served, [300, watch('a', { impressionId: 'i0', positionSeconds: 77 })]);
    expect(labels(late, { settledAfterMs })).toEqual(labels(late));
    expect(labels(late)[0]).toContain(77);
  });

  it('are given with what has followed so far, to who counts them before they are settled', () => {
    const served = [0, servedBody({ items })] as const;
    const records = log(served, [1, watch('a', { impressionId: 'i0', positionSeconds: 20 })]);
    const given = (options: Partial<ReplayOptions>) => {
      const [settled, unsettled]: unknown[][] = [[], []];
      const as = (list: unknown[]) => (one: CountedImpression) =>
        list.push([one.video.videoId, one.clicked, one.watchSeconds]);
      replayUserInto(
        records,
        { ...OPTIONS, ...options },
        { impression: as(settled), counted: as(unsettled), playback: () => undefined },
      );
      return { settled, unsettled };
    };
    const both = [
      ['a', true, 20],
      ['b', false, 0],
    ];
    const countedAfterMs = HOUR_MS;
    const at = (ageMs: number) => ({ countedAfterMs, logEndMs: SOME_TIME_MS + ageMs });
    expect(given(at(HOUR_MS - 1))).toEqual({ settled: [], unsettled: [] });
    expect(given(at(HOUR_MS))).toEqual({ settled: [], unsettled: both });
    expect(given({ logEndMs: SOME_TIME_MS + DAY_MS - 1 })).toEqual({ settled: [], unsettled: [] });
    expect(given(at(DAY_MS))).toEqual({ settled: both, unsettled: [] });
  });

  it('leave out what the client did not confirm, if it confirmed anything; a watched one was seen', () => {
    const three = [...items, impressionItem({ impressionId: 'i2', videoId: 'c' })];
    const served = [0, servedBody({ items: three })] as const;
    expect(labels(log(served, [1, viewed('i1')])).map(([id]) => id)).toEqual(['i1']);
    const watched = log(served, [1, viewed('i1')], [2, watch('a', { impressionId: 'i0' })]);
    expect(labels(watched).map(([id]) => id)).toEqual(['i0', 'i1']);
  });

  describe('of a list of which the client confirmed nothing', () => {
    const context = { requestedAtMs: 0, surface: 'home', country: '', device: 'tv', loggedIn: false, seedVideoId: '' };
    const list = (requestId: string, change: Partial<ImpressionsServed> = {}) =>
      servedBody({
        requestId,
        context,
        items: [0, 1].map((position) =>
          impressionItem({ impressionId: `${requestId}/${position}`, videoId: `${position}`, position }),
        ),
        ...change,
      });
    const seen = (requestId: string): Body => ({
      $case: 'impressionsViewed',
      value: { userId: USER_ID, requestId, impressionIds: [`${requestId}/0`] },
    });
    const ids = (...entries: Parameters<typeof log>) => labels(log(...entries)).map(([id]) => id);
    const DAY = 24 * 60;

    it('are made where the client never confirms any', () => {
      expect(ids([0, list('x')], [1, list('y')])).toEqual(['x/0', 'x/1', 'y/0', 'y/1']);
    });

    it('are not made where it has confirmed others before: nobody looked at the list', () => {
      expect(ids([0, list('x')], [1, seen('x')], [40 * DAY, list('y')])).toEqual(['x/0']);
    });

    it('are not made where it confirms others within the join window, in whatever order the log has them', () => {
      const entries = [[0, list('y')] as const, [5, list('x')] as const, [6, seen('x')] as const];
      expect(ids(...entries)).toEqual(['x/0']);
      expect(ids(...entries.toReversed())).toEqual(['x/0']);
      expect(ids([0, list('y')], [5, list('x')], [5 + DAY, seen('x')])).toEqual(['y/0', 'y/1', 'x/0']);
    });

    it('are made of what was served more than a join window before it began to confirm', () => {
      expect(ids([0, list('y')], [2 * DAY, list('x')], [2 * DAY, seen('x')])).toEqual(['y/0', 'y/1', 'x/0']);
    });

    it('are made where a watch tells that somebody looked at it', () => {
      const watched = watch('1', { impressionId: 'y/1' });
      const before = [[0, list('x')] as const, [1, seen('x')] as const, [2, list('y')] as const];
      expect(ids(...before, [3, watched])).toEqual(['x/0', 'y/0', 'y/1']);
      expect(ids(...before, [3 + 2 * DAY, watched])).toEqual(['x/0']);
    });

    it('are made where it was asked for on a device or a surface that confirms none', () => {
      const onPhone = list('y', { context: { ...context, device: 'phone' } });
      const onSearch = list('z', { context: { ...context, surface: 'search' } });
      expect(ids([0, list('x')], [1, seen('x')], [2, onPhone], [3, onSearch])).toEqual([
        'x/0',
        ...['y/0', 'y/1', 'z/0', 'z/1'],
      ]);
    });

    it('are not counted either', () => {
      const counted: string[] = [];
      const records = log([0, list('x')], [1, seen('x')], [2, list('y')]);
      const options = { ...OPTIONS, logEndMs: SOME_TIME_MS + HOUR_MS, countedAfterMs: 0 };
      replayUserInto(records, options, {
        impression: () => undefined,
        counted: ({ servedAtMs }) => counted.push(String(servedAtMs - SOME_TIME_MS)),
        playback: () => undefined,
      });
      expect(counted).toEqual(['0']);
    });
  });

  it('are made once of an impression, however often its list was logged', () => {
    expect(labels(log([0, servedBody({ items })], [1, servedBody({ items })]))).toHaveLength(2);
  });
});

describe('a replay', () => {
  it('passes over refused events and duplicates, and counts them', () => {
    const [first] = log([0, watch('a')]);
    const broken = log([1, watch('b', { positionSeconds: NaN })])[0];
    const records = [first, { ...first, offset: 1 }, { ...broken, offset: 2 }];
    const { refusals, duplicateCount, watches } = replayUser(records, OPTIONS);
    expect(refusals).toEqual([
      { record: records[2], refusal: expect.objectContaining({ field: 'watch.positionSeconds' }) },
    ]);
    expect({ duplicateCount, watches: watches.length }).toEqual({ duplicateCount: 1, watches: 1 });
  });

  it('refuses what another topic’s producer put among the records', () => {
    const withdrawn: Body = { $case: 'videoWithdrawn', value: { videoId: 'v', reason: '' } };
    expect(replayUser(log([0, watch('a')], [1, withdrawn]), OPTIONS).refusals).toMatchObject([
      { refusal: { code: 'wrong-topic' } },
    ]);
  });

  it('keeps nothing of before a deletion, and of later what comes after the return', () => {
    const served = (id: string, offset?: number) =>
      servedBody({
        requestId: id,
        mark: offset === undefined ? undefined : mark(offset),
        items: [impressionItem({ impressionId: id })],
      });
    const records = log(
      [0, watch('a')],
      [1, served('before')],
      [2, deleted],
      [3, watch('meanwhile')],
      [4, upserted],
      [5, served('ranked before', 1)],
      [6, watch('b')],
      [7, served('after')],
    );
    const { watches, candidateExamples, rankingExamples } = replayUser(records, OPTIONS);
    expect(watches.map(({ videoId }) => videoId)).toEqual(['b']);
    expect(candidateExamples).toMatchObject([{ labelVideoId: 'b', features: { watchedVideoIds: [], loggedIn: true } }]);
    expect(rankingExamples.map(({ impressionId }) => impressionId)).toEqual(['after']);
  });

  it('stands in for a missing context with the time of serving', () => {
    const records = log(
      [0, watch('a', { video: videoFacts({ channelId: 'c' }) })],
      [60, servedBody({ context: undefined })],
    );
    const [example] = replayUser(records, OPTIONS).rankingExamples;
    expect(example.user.numbers[0]).toBe(1);
  });

  it('throws on records of several users', () => {
    expect(() => replayUser(log([0, watch('a')], [1, watch('b', { userId: 'other' })]), OPTIONS)).toThrow(
      /not one of user/,
    );
  });

  it('of nothing is nothing', () => {
    expect(replayUser([], OPTIONS)).toMatchObject({ candidateExamples: [], rankingExamples: [], watches: [] });
  });
});
