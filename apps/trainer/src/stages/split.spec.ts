import { type CandidateExample, DAY_MS, HOUR_MS, NO_CIRCUMSTANCES, type RankingExample } from '@watchnext/features';
import { NothingToTrainError } from '../errors';
import type { ReplayedLog } from '../pipeline/run-state';
import { splitByTime } from './split';

const watched = (userId: string, labelVideoId: string, labelAtMs: number, watchedVideoIds: string[] = []) =>
  ({ userId, labelVideoId, labelAtMs, features: { watchedVideoIds, ...NO_CIRCUMSTANCES } }) as CandidateExample;
const shown = (servedAtMs: number, clicked: boolean) =>
  ({ userId: 'a', pageId: 'p', servedAtMs, clicked }) as RankingExample;
const logOf = (candidateExamples: CandidateExample[], rankingExamples: RankingExample[]) => {
  const times = [...candidateExamples.map((e) => e.labelAtMs), ...rankingExamples.map((e) => e.servedAtMs)];
  return {
    candidateExamples,
    rankingExamples,
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
  } as unknown as ReplayedLog;
};

describe('splitByTime', () => {
  const days = [0, 1, 2, 3];
  const watches = days.flatMap((day) => [
    watched('a', 'x', day * DAY_MS),
    watched('b', 'y', day * DAY_MS + 20 * HOUR_MS),
  ]);
  const impressions = days.flatMap((day) => [shown(day * DAY_MS, true), shown(day * DAY_MS + 13 * HOUR_MS, false)]);

  it('puts labels before the moment on one side, from it on on the other', () => {
    const split = splitByTime(logOf(watches, impressions), 1);
    expect(split.evaluatedFromMs).toBe(3 * DAY_MS);
    expect(split.candidateTraining.every((example) => example.labelAtMs < 3 * DAY_MS)).toBe(true);
    expect(split.candidateHeldOut.map((example) => example.labelAtMs)).toEqual([3 * DAY_MS, 3 * DAY_MS + 20 * HOUR_MS]);
    expect(split.rankingTraining).toHaveLength(6);
    expect(split.rankingHeldOut).toHaveLength(2);
  });

  it('ends the held-out days where labels end: impressions of the last day may not be settled yet', () => {
    const settled = impressions.filter((impression) => impression.servedAtMs < 3 * DAY_MS);
    const split = splitByTime(logOf(watches, settled), 1);
    expect(split.evaluatedFromMs).toBe(2 * DAY_MS);
    expect(split.rankingHeldOut).toHaveLength(2);
    expect(split.candidateHeldOut).toHaveLength(4);
  });

  it('falls back to the last 20% of the examples where the last days hold too little of one kind', () => {
    const clicksOnly = [13, 14].map((hour) => shown(3 * DAY_MS + hour * HOUR_MS, true));
    const before = [20, 21, 22, 23].map((hour) => shown(2 * DAY_MS + hour * HOUR_MS, hour % 2 === 0));
    const split = splitByTime(
      logOf(watches.slice(0, 6).concat(watched('a', 'y', 3 * DAY_MS)), [
        ...impressions.slice(0, 6),
        ...before,
        ...clicksOnly,
      ]),
      1,
    );
    expect(split.rule).toBe('last 20% of the examples');
    expect(new Set(split.rankingHeldOut.map((example) => example.clicked))).toEqual(new Set([true, false]));
  });

  it('holds out what somebody is asked about: not a last day of rewatches only, which serving leaves out', () => {
    const evening = [20, 21, 22, 23].map((hour) => shown(2 * DAY_MS + hour * HOUR_MS, hour % 2 === 0));
    const before = [...watches.slice(0, 6), watched('b', 'y', 2 * DAY_MS + 23.5 * HOUR_MS)];
    const again = watched('a', 'x', 3 * DAY_MS + HOUR_MS, ['x']);
    const splitOf = (lastDay: CandidateExample[]) =>
      splitByTime(logOf([...before, ...lastDay], [...impressions, ...evening]), 1);
    expect(splitOf([again]).rule).toBe('last 20% of the examples');
    expect(splitOf([again]).candidateHeldOut).toEqual([before.at(-1), again]);
    expect(splitOf([again, watched('b', 'y', 3 * DAY_MS + 2 * HOUR_MS)]).rule).toBe('last 1 UTC day');
    // One that comes after the last impression is none that is evaluated, while there are others before.
    expect(splitOf([again, watched('b', 'y', 3 * DAY_MS + 20 * HOUR_MS)]).rule).toBe('last 20% of the examples');
    const seen = watches.map((watch) => ({ ...watch, features: { ...watch.features, watchedVideoIds: ['x', 'y'] } }));
    expect(() => splitByTime(logOf(seen, impressions), 1)).toThrow(NothingToTrainError);
    expect(() => splitByTime(logOf(seen, impressions), 1)).toThrow(/but of what its user had just watched/);
  });

  describe('of a sparse log', () => {
    const DAYS = 100;
    /** Each day so many new users, of whom each watches so often and is shown as many lists of two. */
    const sparse = (usersOfADay: number, listsOfAUser: number, dayCount = DAYS) => {
      const people = Array.from({ length: dayCount * usersOfADay }, (_, n) => ({
        userId: `u${n}`,
        atMs: Math.floor(n / usersOfADay) * DAY_MS + 13 * HOUR_MS,
      }));
      return logOf(
        people.flatMap(({ userId, atMs }) =>
          Array.from({ length: listsOfAUser }, (_, n) => watched(userId, `v${n}`, atMs - n)),
        ),
        people.flatMap(({ userId, atMs }) =>
          Array.from({ length: 2 * listsOfAUser }, (_, n) => ({
            ...shown(atMs, n % 2 === 0),
            userId,
            pageId: `${userId} ${n >> 1}`,
          })),
        ),
      );
    };

    it('holds out more days, until 30 users and 200 queries and lists can tell', () => {
      expect(splitByTime(sparse(30, 7), 1).rule).toBe('last 2 UTC days');
      expect(splitByTime(sparse(40, 5), 1).rule).toBe('last 1 UTC day');
      expect(splitByTime(sparse(10, 20), 1).rule).toBe('last 4 UTC days');
      expect(splitByTime(sparse(40, 4), 1).rule).toBe('last 2 UTC days');
    });

    it('holds out the days asked for, where a fifth of the time cannot tell either', () => {
      const split = splitByTime(sparse(1, 2), 1);
      expect(split.rule).toBe('last 1 UTC day');
      expect(split.candidateHeldOut).toHaveLength(2);
      expect(splitByTime(sparse(1, 2), 3).rule).toBe('last 3 UTC days');
    });

    it('holds out the least of more days that leave anything to measure, where the days asked for do not', () => {
      const log = sparse(2, 2);
      const lastDay = (DAYS - 1) * DAY_MS;
      const rankingExamples = log.rankingExamples.map((one) =>
        one.servedAtMs >= lastDay ? { ...one, clicked: false } : one,
      );
      expect(splitByTime({ ...log, rankingExamples }, 1).rule).toBe('last 2 UTC days');
    });

    it('holds out no more than a fifth of the time, and up to that', () => {
      // Of a user five are asked, so 40 users are needed: 14 days of three, or ten of four. Of 60 days eleven may be taken.
      expect(splitByTime(sparse(3, 20), 1).rule).toBe('last 16 UTC days');
      expect(splitByTime(sparse(3, 20, 60), 1).rule).toBe('last 1 UTC day');
      expect(splitByTime(sparse(4, 20, 60), 1).rule).toBe('last 11 UTC days');
    });

    it('holds out no more than a fifth of the watches, nor of the impressions, where the log grew', () => {
      const log = sparse(5, 4);
      const isOld = (atMs: number) => atMs < 80 * DAY_MS;
      const thinned = <Example>(examples: readonly Example[], atMs: (one: Example) => number, every: number) =>
        examples.filter((one, n) => !isOld(atMs(one)) || n % every === 0);
      expect(splitByTime(log, 1).rule).toBe('last 16 UTC days');
      const fewWatches = thinned(log.candidateExamples, ({ labelAtMs }) => labelAtMs, 8);
      expect(splitByTime({ ...log, candidateExamples: fewWatches }, 1).rule).toBe('last 1 UTC day');
      // By pages: each has two rows, one after the other.
      const fewImpressions = log.rankingExamples.filter(
        ({ servedAtMs }, n) => !isOld(servedAtMs) || (n >> 1) % 8 === 0,
      );
      expect(splitByTime({ ...log, rankingExamples: fewImpressions }, 1).rule).toBe('last 1 UTC day');
    });

    it.each([
      ['a row a hundred days before', [-100]],
      ['one of 2001, too', [-100, -9_000]],
    ])('holds out as much with %s', (_, days) => {
      const log = sparse(30, 7);
      const strays = days.map((day) => watched('stray', 'v0', day * DAY_MS));
      const strayed = logOf([...log.candidateExamples, ...strays], [...log.rankingExamples]);
      expect(splitByTime(strayed, 1).rule).toBe('last 2 UTC days');
      const few = sparse(3, 20, 60);
      expect(splitByTime(logOf([...few.candidateExamples, ...strays], [...few.rankingExamples]), 1).rule).toBe(
        'last 1 UTC day',
      );
    });

    it('asks for 30 users with a page, as the gate does: not for those who saw no page with a watch', () => {
      const log = sparse(40, 8);
      /** Of so many users of each day pages are kept; the others were shown lists and watched none. */
      const withPages = (count: number) =>
        log.rankingExamples.map((one) => (Number(one.userId.slice(1)) % 40 < count ? one : { ...one, clicked: false }));
      expect(splitByTime({ ...log, rankingExamples: withPages(30) }, 1).rule).toBe('last 1 UTC day');
      expect(splitByTime({ ...log, rankingExamples: withPages(29) }, 1).rule).toBe('last 2 UTC days');
    });

    it('asks for 200 pages, where queries and users are enough', () => {
      const log = sparse(40, 5);
      const fewer = (pageCount: number) => log.rankingExamples.filter((_, n) => (n >> 1) % 200 < pageCount);
      expect(splitByTime({ ...log, rankingExamples: fewer(200) }, 1).rule).toBe('last 1 UTC day');
      expect(splitByTime({ ...log, rankingExamples: fewer(199) }, 1).rule).toBe('last 2 UTC days');
    });

    it('neither trains nor is judged on a row that a clock of today put behind all others', () => {
      const log = sparse(40, 5);
      const stray = { ...shown(5_000 * DAY_MS, true), userId: 'stray', pageId: 'stray' };
      const strayed = logOf(
        [...log.candidateExamples, watched('stray', 'v0', 5_000 * DAY_MS)],
        [...log.rankingExamples, stray],
      );
      const { candidateThrough, rankingThrough, ...split } = splitByTime(strayed, 1);
      const { candidateThrough: through, rankingThrough: throughRanking, ...expected } = splitByTime(log, 1);
      expect(JSON.stringify(split) === JSON.stringify(expected)).toBe(true);
      expect(candidateThrough).toHaveLength(through.length + 1);
      expect(rankingThrough).toHaveLength(throughRanking.length + 1);
      expect(split.endMs).toBe(log.toMs);
    });

    it('trains through on that row as on one of the end of the log, and on all others as they are', () => {
      const log = sparse(40, 5);
      const stray = watched('stray', 'v0', 5_000 * DAY_MS);
      const { candidateThrough } = splitByTime(logOf([stray, ...log.candidateExamples], [...log.rankingExamples]), 1);
      expect(candidateThrough[0]).toEqual({ ...stray, labelAtMs: log.toMs });
      expect(candidateThrough.slice(1).every((one, n) => one === log.candidateExamples[n])).toBe(true);
      expect(splitByTime(log, 1).candidateThrough.every((one, n) => one === log.candidateExamples[n])).toBe(true);
    });
  });

  describe('of a user with more watches than count', () => {
    const HEAVY = 150;
    const heavy = (fromMs: number) =>
      Array.from({ length: HEAVY }, (_, minute) => watched('heavy', 'z', fromMs + minute * 60_000));
    // As in the archive, which is not sorted by time.
    const all = [...heavy(3 * DAY_MS), ...heavy(2 * DAY_MS).reverse(), ...watches];
    const { candidateTraining, candidateHeldOut, candidateThrough } = splitByTime(logOf(all, impressions), 1);
    const minutes = (examples: readonly CandidateExample[], fromMs: number) => {
      const found = examples
        .filter(({ userId }) => userId === 'heavy')
        .map(({ labelAtMs }) => (labelAtMs - fromMs) / 60_000);
      return found.sort((a, b) => a - b);
    };
    const [first, newest] = [0, HEAVY - 100].map((from) => Array.from({ length: 100 }, (_, n) => from + n));

    it('trains on the newest before the moment, however many are held out', () => {
      expect(minutes(candidateTraining, 2 * DAY_MS)).toEqual(newest);
    });

    it('asks for the first ones from the moment on', () => {
      expect(minutes(candidateHeldOut, 3 * DAY_MS)).toEqual(first);
    });

    it('trains through the held-out days on the newest of all', () => {
      expect(minutes(candidateThrough, 3 * DAY_MS)).toEqual(newest);
    });

    it('leaves the others as they are, in their order', () => {
      const others = (examples: readonly CandidateExample[]) => examples.filter(({ userId }) => userId !== 'heavy');
      expect(others(candidateTraining)).toEqual(watches.slice(0, 6));
      expect(others(candidateHeldOut)).toEqual(watches.slice(6));
      expect(others(candidateThrough)).toEqual(watches);
      expect(candidateTraining.filter(({ userId }) => userId === 'heavy')).toEqual(
        heavy(2 * DAY_MS)
          .slice(50)
          .reverse(),
      );
    });
  });

  describe('of a log whose users have watched a hundred and more on average', () => {
    const minute = (n: number) => n * 60_000;
    const ofUser = (userId: string, count: number, fromMs: number) =>
      Array.from({ length: count }, (_, n) => watched(userId, `v${n % 2}`, fromMs + minute(n)));
    const split = (each: number, heavy: number) => {
      const all = ['b', 'c', 'd'].flatMap((userId) => ofUser(userId, each, 0));
      const held = [watched('b', 'v0', 3 * DAY_MS), watched('c', 'v1', 3 * DAY_MS)];
      return splitByTime(logOf([...all, ...ofUser('a', heavy, 0), ...held], impressions), 1);
    };
    const count = (examples: readonly CandidateExample[]) => examples.length;

    it('trains on all of them, up to a thousand of each', () => {
      const { candidateTraining, candidateThrough } = split(110, 1_200);
      expect([candidateTraining, candidateThrough].map(count)).toEqual([3 * 110 + 1_000, 3 * 110 + 1_000 + 2]);
      expect(Math.min(...candidateTraining.filter(({ userId }) => userId === 'a').map((one) => one.labelAtMs))).toBe(
        minute(200),
      );
    });

    it('trains on a hundred of each where the mean is below, also through the held-out days', () => {
      const { candidateTraining, candidateThrough } = split(80, 159);
      expect([candidateTraining, candidateThrough].map(count)).toEqual([3 * 80 + 100, 3 * 80 + 100 + 2]);
      expect(split(80, 160).candidateTraining).toHaveLength(3 * 80 + 160);
    });
  });

  describe('of impressions', () => {
    const impressionsOf = (userId: string, count: number, fromMs: number) =>
      Array.from({ length: count }, (_, n) => ({
        ...shown(fromMs + Math.floor(n / 2) * 1_000, n % 2 === 0),
        userId,
        pageId: `${userId} ${n >> 1}`,
      }));
    /** So many users, of each so many on the first days, and one with many more. */
    const trained = (userCount: number, each: number, heavy: number) => {
      const others = Array.from({ length: userCount }, (_, n) => impressionsOf(`u${n}`, each, DAY_MS)).flat();
      const all = [...others, ...impressionsOf('', heavy, 0), ...impressionsOf('', 10, 3 * DAY_MS + 13 * HOUR_MS)];
      const log = logOf(watches, all);
      return { log, ...splitByTime(log, 1) };
    };
    const ofNobody = (examples: readonly RankingExample[]) => examples.filter(({ userId }) => userId === '');

    it('trains ranking on the newest of a user who has most of the log, as where everybody without an id is one', () => {
      const { rankingTraining, rankingThrough } = trained(100, 20, 13_000);
      expect(ofNobody(rankingTraining)).toHaveLength(10_000);
      expect(Math.min(...ofNobody(rankingTraining).map(({ servedAtMs }) => servedAtMs))).toBe(1_500_000);
      expect(rankingTraining).toHaveLength(100 * 20 + 10_000);
      expect(ofNobody(rankingThrough)).toHaveLength(10_000);
    });

    it('trains on all of them where users have up to 10,000, or twenty times the mean, in the same order', () => {
      for (const [each, heavy] of [
        [8, 139],
        [94, 1_015],
        [94, 5_229],
        [94, 10_000],
        [1_000, 20_000],
      ]) {
        const { log, rankingTraining, rankingHeldOut, rankingThrough } = trained(60, each, heavy);
        const heldOut = new Set(rankingHeldOut);
        const before = log.rankingExamples.filter((one) => !heldOut.has(one));
        expect(rankingTraining.length).toBe(before.length);
        expect(rankingTraining.every((one, i) => one === before[i])).toBe(true);
        expect(rankingThrough.length).toBeGreaterThanOrEqual(rankingTraining.length);
      }
    });
  });

  it.each<[string, ReplayedLog, RegExp]>([
    ['no watches', logOf([], impressions), /no completed watch/],
    ['no impressions', logOf(watches, []), /no settled impression/],
    [
      'one video',
      logOf(
        watches.map((watch) => ({ ...watch, labelVideoId: 'x' })),
        impressions,
      ),
      /fewer than two videos/,
    ],
    [
      'one user',
      logOf(
        watches.map((watch) => ({ ...watch, userId: 'a' })),
        impressions,
      ),
      /fewer than two users/,
    ],
    [
      'no click',
      logOf(
        watches,
        impressions.map((impression) => ({ ...impression, clicked: false })),
      ),
      /followed by a watch/,
    ],
    [
      'only clicks',
      logOf(
        watches,
        impressions.map((impression) => ({ ...impression, clicked: true })),
      ),
      /without a watch/,
    ],
    [
      'lists of one video',
      logOf(
        watches,
        impressions.map((impression, n) => ({ ...impression, pageId: `p${n}` })),
      ),
      /no page of the held-out part has a watched and an unwatched one/,
    ],
  ])('says what is missing with %s', (_, log, reason) => {
    expect(() => splitByTime(log, 1)).toThrow(NothingToTrainError);
    expect(() => splitByTime(log, 1)).toThrow(reason);
  });
});
