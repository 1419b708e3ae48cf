import { Event, TOPICS } from '@watchnext/contract';
import { type EventArchive, KeyedRecords } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import {
  type CandidateExample,
  DAY_MS,
  HOUR_MS,
  type RankingExample,
  replayUser,
  type UserRecord,
} from '@watchnext/features';
import {
  eventIdOf,
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  searchOf,
  userDeletedOf,
  videoFactsOf,
  watchOf,
} from '@watchnext/testing';
import { NothingToReplayError } from './errors';
import { replayArchive, type ReplayOptions } from './replay-archive';

const PARTITIONS = 4;
const NOON_MS = Date.UTC(2026, 10, 2, 12);
const OPTIONS = { joinWindowMs: 24 * HOUR_MS, withWatchTimes: true };
const VIDEOS = 60;

type Body = NonNullable<Event['body']>;

/** Whole numbers below `limit`, the same ones each time. */
function numbersFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/**
 * Users' records, long and short ones in turn: watches in parts, late, retried, with playback ids of other letters and such that
 * several videos share, searches, deletions, and lists, some with marks.
 * @param listShare of the events, in [0, 1]
 */
function logOf(userCount: number, listShare: number): LogRecord[][] {
  const below = numbersFrom(7);
  const facts = (video: number) =>
    videoFactsOf({
      channelId: `channel-${video % 11}`,
      topics: [`topic-${video % 5}`, 'all'],
      durationSeconds: 10.25 + video,
    });
  return Array.from({ length: userCount }, (_, user) => {
    const userId = `user-${user}`;
    const partition = partitionOf(userId, PARTITIONS);
    let atMs = NOON_MS;
    let last: Event | undefined;
    const impressions: { readonly id: string; readonly video: number }[] = [];
    const bodyOf = (offset: number): Body => {
      if (below(1_000) < 1_000 * listShare) {
        const items = Array.from({ length: 1 + below(80) }, (_item, position) => {
          const video = below(VIDEOS);
          const impressionId = `${userId}/${offset}/${position}`;
          impressions.push({ id: impressionId, video });
          return impressionItemOf(`video-${video}`, { impressionId, position, video: facts(video) });
        });
        const mark = { topic: TOPICS.activity, partition, offset: offset - 1 - below(4) };
        return impressionsServedOf(userId, items, {
          requestId: `request-${offset}`,
          mark: below(2) ? mark : undefined,
        });
      }
      if (below(20) === 0) return searchOf(userId, `tea ${below(9)}`);
      if (below(150) === 0) return userDeletedOf(userId);
      const shown = below(2) > 0 ? impressions[below(impressions.length)] : undefined;
      const video = shown?.video ?? below(VIDEOS);
      const playbackId = [`playback-${below(40)}`, `séance-${below(3)}`, 'session'][Math.min(2, below(12))];
      const positionSeconds = below(60) + 0.5;
      const impressionId = shown?.id ?? '';
      return watchOf(userId, `video-${video}`, { playbackId, positionSeconds, impressionId, video: facts(video) });
    };
    return Array.from({ length: user % 3 === 0 ? 160 : 5 + below(20) }, (_record, offset) => {
      atMs += below(HOUR_MS);
      const occurredAtMs = atMs - (below(5) === 0 ? below(HOUR_MS) : 0);
      const event = eventOf(bodyOf(offset), occurredAtMs, {
        eventId: below(30) === 0 ? 'no UUID' : eventIdOf(atMs, user * 1_000 + offset),
        receivedAtMs: atMs,
      });
      if (last === undefined || below(25) > 0) last = event;
      const value = Event.encode(last).finish();
      return { topic: TOPICS.activity, partition, offset, timestampMs: atMs, key: userId, value };
    });
  });
}

/** One user's records, an hour apart. */
function recordsOf(userId: string, bodies: readonly Body[]): LogRecord[] {
  const partition = partitionOf(userId, PARTITIONS);
  return bodies.map((body, offset) => {
    const atMs = NOON_MS + offset * HOUR_MS;
    const event = eventOf(body, atMs, { eventId: eventIdOf(atMs, offset), receivedAtMs: atMs });
    const value = Event.encode(event).finish();
    return { topic: TOPICS.activity, partition, offset, timestampMs: atMs, key: userId, value };
  });
}

const LOG_END_MS = NOON_MS + 1_000 * HOUR_MS;
/** @param strayMs when one more event, of a clock of its own, says it was */
const archiveOf = (log: readonly LogRecord[][], logEndMs = LOG_END_MS, strayMs?: number): EventArchive => {
  const recordCount = log.flat().length;
  const days = [{ firstMs: logEndMs, lastMs: logEndMs, count: recordCount }];
  if (strayMs !== undefined) days.push({ firstMs: strayMs, lastMs: strayMs, count: 1 });
  return {
    readKeys: async function* () {
      yield log.map((records) => KeyedRecords.of(records));
    },
    extent: async () => ({ recordCount, maxOccurredAtMs: strayMs ?? logEndMs, days }),
  } as unknown as EventArchive;
};

const plainCandidate = ({ userId, labelVideoId, labelAtMs, features }: CandidateExample): CandidateExample => ({
  userId,
  labelVideoId,
  labelAtMs,
  features,
});

const plainRanking = (example: RankingExample): RankingExample => {
  const { userId, requestId, pageId, impressionId, servedAtMs, position, clicked, watchSeconds, served } = example;
  const { lastWatchedVideoId, seedVideoId, surface, country, device, searches, numbers } = example.user;
  const user = { userId, lastWatchedVideoId, seedVideoId, surface, country, device, searches, numbers };
  const { videoId, channelId, topics, source } = example.video;
  const video = { videoId, channelId, topics, source, numbers: example.video.numbers };
  const ids = { userId, requestId, pageId, impressionId, servedAtMs, position };
  return { ...ids, user, video, clicked, watchSeconds, served };
};

const replay = (archive: EventArchive, change: Partial<ReplayOptions> = {}) =>
  replayArchive(
    archive,
    { facts: new Map(), withdrawn: new Set<string>() },
    { ...OPTIONS, partitionCount: PARTITIONS, ...change },
    new AbortController().signal,
  );

describe('the replay of an archive', () => {
  it.each([
    ['watches', 0.05],
    ['lists', 0.6],
  ])('gives, of a log of mostly %s, the examples that plain events give one user at a time', async (_, listShare) => {
    const log = logOf(16, listShare);
    const expected = log.map((records) => {
      const plain = records.map(({ topic, partition, offset, value }): UserRecord => ({
        topic,
        partition,
        offset,
        event: Event.decode(value),
      }));
      return replayUser(plain, { ...OPTIONS, logEndMs: LOG_END_MS });
    });
    const { replayed, counts } = await replay(archiveOf(log));
    expect(replayed.candidateExamples.map(plainCandidate)).toEqual(
      expected.flatMap(({ candidateExamples }) => candidateExamples),
    );
    expect(replayed.rankingExamples.map(plainRanking)).toEqual(
      expected.flatMap(({ rankingExamples }) => rankingExamples),
    );
    expect(counts.refusedCount).toBe(expected.flatMap(({ refusals }) => refusals).length);
    expect(counts.refusedCount).toBeGreaterThan(20);
    expect(replayed.candidateExamples.length).toBeGreaterThan(100);
    expect(replayed.rankingExamples.filter(({ clicked }) => clicked).length).toBeGreaterThan(20);
  });

  it('keeps all candidate examples of a user, or the last ones to begin where their number is bounded', async () => {
    const log = logOf(16, 0.05);
    const byUser = async (change: Partial<ReplayOptions>) => {
      const { candidateExamples } = (await replay(archiveOf(log), change)).replayed;
      return log.map(([{ key }]) => candidateExamples.filter(({ userId }) => userId === key).map(plainCandidate));
    };
    const all = await byUser({});
    expect(all.filter(({ length }) => length > 7).length).toBeGreaterThan(2);
    expect(await byUser({ examplesPerUser: 7 })).toEqual(all.map((examples) => examples.slice(-7)));
  });

  it('counts impressions that are no examples yet, with what has followed so far', async () => {
    const log = logOf(16, 0.6);
    const settledAtMs = (await replay(archiveOf(log))).replayed.rankingExamples.map(({ servedAtMs }) => servedAtMs);
    // The log ends an hour after its last list, so that of the last day none is settled.
    const archive = archiveOf(log, Math.max(...settledAtMs) + HOUR_MS);
    const counted = async (countedAfterMs?: number) => {
      const change = countedAfterMs === undefined ? {} : { countedAfterMs };
      const { rankingExamples, statistics } = (await replay(archive, change)).replayed;
      const videos = Object.values(statistics.tables().videos);
      const sum = (of: (counts: (typeof videos)[number]) => number) =>
        videos.reduce((total, counts) => total + of(counts), 0);
      return {
        examples: rankingExamples.map(plainRanking),
        impressions: sum(({ impressionCount }) => impressionCount),
        clicks: sum(({ clickCount }) => clickCount),
      };
    };
    const [settled, early, all] = [await counted(), await counted(12 * HOUR_MS), await counted(HOUR_MS)];
    expect(early.examples).toEqual(settled.examples);
    expect(all.examples).toEqual(settled.examples);
    expect(settled.impressions).toBe(settled.examples.length);
    expect(early.impressions).toBeGreaterThan(settled.impressions);
    expect(all.impressions).toBe(settledAtMs.length);
    expect(all.impressions).toBeGreaterThan(early.impressions);
    expect(all.clicks).toBeGreaterThan(settled.clicks);
  });

  it('waits for the outcome of impressions until the end of the log, whatever a stray years after it says', async () => {
    const log = logOf(16, 0.6);
    const servedAtMs = (await replay(archiveOf(log))).replayed.rankingExamples.map((example) => example.servedAtMs);
    const logEndMs = Math.max(...servedAtMs) + HOUR_MS;
    const examplesOf = async (strayMs?: number) => {
      const { replayed } = await replay(archiveOf(log, logEndMs, strayMs));
      // As text: a difference of hundreds of examples takes minutes to be shown.
      const impressionIds = replayed.rankingExamples.map(({ impressionId }) => impressionId);
      return { count: impressionIds.length, impressionIds: impressionIds.join() };
    };
    const expected = await examplesOf();
    expect(expected.count).toBeLessThan(servedAtMs.length);
    expect(await examplesOf(LOG_END_MS + 1_000 * DAY_MS)).toEqual(expected);
  });

  describe('of a number of days at the end of the log', () => {
    const log = logOf(16, 0.3);
    const plain = async (archive: EventArchive, change: Partial<ReplayOptions>) => {
      const { replayed } = await replay(archive, change);
      const { candidateExamples, rankingExamples } = replayed;
      return {
        ...replayed,
        candidateExamples: candidateExamples.map(plainCandidate),
        rankingExamples: rankingExamples.map(plainRanking),
      };
    };
    const archiveUntilLast = async (strayMs?: number) => {
      const { rankingExamples } = (await replay(archiveOf(log))).replayed;
      return archiveOf(log, Math.max(...rankingExamples.map(({ servedAtMs }) => servedAtMs)), strayMs);
    };

    it('is, where they are as many as those of the log, the replay of all', async () => {
      const archive = await archiveUntilLast();
      const [all, windowed] = [await plain(archive, {}), await plain(archive, { exampleDays: 6 })];
      const text = ({ statistics, ...rest }: typeof all) => [statistics.tables(), [...rest.facts], rest];
      expect(text(windowed)).toEqual(text(all));
    });

    it('is counted back from the end of the log, and not from a stray years after it', async () => {
      const change = { exampleDays: 1, settledAfterMs: 0 };
      const expected = await plain(await archiveUntilLast(), change);
      const { candidateExamples, rankingExamples, fromMs } = await plain(
        await archiveUntilLast(LOG_END_MS + 1_000 * DAY_MS),
        change,
      );
      expect(candidateExamples).toEqual(expected.candidateExamples);
      expect(rankingExamples).toEqual(expected.rankingExamples);
      expect(fromMs).toBe(expected.fromMs);
      expect(rankingExamples.length).toBeGreaterThan(20);
    });

    it('has the examples of them with all that was known from before, and the counts of their days', async () => {
      const archive = await archiveUntilLast();
      const all = await plain(archive, { countedAfterMs: HOUR_MS });
      const exampleDays = 1;
      const { maxOccurredAtMs } = await archive.extent(TOPICS.activity);
      const fromMs = Math.floor((maxOccurredAtMs! - exampleDays * DAY_MS) / DAY_MS) * DAY_MS;
      const windowed = await plain(archive, { exampleDays, countedAfterMs: HOUR_MS });
      const of = <Example>(examples: readonly Example[], atMs: (example: Example) => number) => {
        const those = examples.filter((example) => atMs(example) >= fromMs);
        expect(those.length).toBeGreaterThan(20);
        expect(those.length).toBeLessThan(examples.length - 20);
        return those;
      };
      expect(windowed.candidateExamples).toEqual(of(all.candidateExamples, ({ labelAtMs }) => labelAtMs));
      expect(windowed.rankingExamples).toEqual(of(all.rankingExamples, ({ servedAtMs }) => servedAtMs));
      expect([...windowed.completedWatches]).toEqual(of([...all.completedWatches], ({ atMs }) => atMs));
      expect([...windowed.facts]).toEqual([...all.facts]);
      expect(windowed.fromMs).toBeGreaterThanOrEqual(fromMs);
      expect(windowed.toMs).toBe(all.toMs);
      for (let atMs = fromMs; atMs <= maxOccurredAtMs! + DAY_MS; atMs += DAY_MS / 2) {
        expect(windowed.statistics.tables(atMs)).toEqual(all.statistics.tables(atMs));
      }
      expect(Object.keys(windowed.statistics.tables(fromMs).videos).length).toBeGreaterThan(20);
      // What is left of the days before is one sum.
      expect(windowed.statistics.tables(fromMs - 1).videos).toEqual({});
    });
  });

  it('has the facts of videos outside the catalogue from what counts: not from refused records, nor of a deleted user', async () => {
    const watched = (userId: string, videoId: string, durationSeconds: number) =>
      watchOf(userId, videoId, { video: videoFactsOf({ durationSeconds }) });
    const shown = (userId: string, videoId: string, durationSeconds: number) =>
      impressionsServedOf(userId, [impressionItemOf(videoId, { video: videoFactsOf({ durationSeconds }) })]);
    const log = [
      recordsOf('anna', [
        watched('anna', 'watched', NaN),
        watched('anna', 'watched', 40),
        shown('anna', 'shown', -1),
        shown('anna', 'shown', 50),
        shown('anna', 'never sound', -1),
      ]),
      recordsOf('bert', [
        watched('bert', 'erased', 60),
        watched('bert', 'told of again', 60),
        userDeletedOf('bert'),
        watched('bert', 'told of again', 70),
      ]),
    ];
    const { replayed, counts } = await replay(archiveOf(log));
    expect(counts.refusedCount).toBe(3);
    const durations = [...replayed.facts].map(([videoId, { durationSeconds }]) => [videoId, durationSeconds]);
    expect(Object.fromEntries(durations)).toEqual({ watched: 40, shown: 50, 'told of again': 70 });
  });

  it.each([2, 3, 5, 8])('refuses a log of four partitions that it is told has %p', async (partitionCount) => {
    const refused = replay(archiveOf(logOf(200, 0.05)), { partitionCount });
    await expect(refused).rejects.toThrow(NothingToReplayError);
    await expect(refused).rejects.toThrow(`WATCHNEXT_ACTIVITY_PARTITIONS (${partitionCount})`);
  });

  describe('where a producer places records by something else than their key', () => {
    const log = Array.from({ length: 1_000 }, (_, user) =>
      recordsOf(`user-${user}`, [searchOf(`user-${user}`, 'tea')]),
    );
    const misplaced = (records: readonly LogRecord[]) =>
      records.map((one) => ({ ...one, partition: (one.partition + 1) % PARTITIONS }));

    it('takes what the materialiser has sent on, be it all', async () => {
      const { replayed, counts } = await replay(archiveOf([...log.map(misplaced), ...log]));
      expect([counts.recordCount, counts.misplacedCount, replayed.userCount]).toEqual([2_000, 1_000, 1_000]);
    });

    it('refuses a log most of which is in no place that its users are read from', async () => {
      const result = replay(archiveOf(log.map((records, user) => (user < 560 ? misplaced(records) : records))));
      await expect(result).rejects.toThrow(/560 of 1000 records .* WATCHNEXT_ACTIVITY_PARTITIONS \(4\)/);
    });
  });

  it('does not blame the partitions where keys are not their users', async () => {
    const log = ['a', 'b'].map((key) =>
      recordsOf('other', [searchOf('other', 'tea')]).map((one) => ({
        ...one,
        key,
        partition: partitionOf(key, PARTITIONS),
      })),
    );
    await expect(replay(archiveOf(log))).rejects.toThrow('2 of 2 records');
    await expect(replay(archiveOf(log))).rejects.toThrow("key is not their user's");
  });
});
