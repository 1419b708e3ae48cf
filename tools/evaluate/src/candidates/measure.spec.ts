import { selfInformationBits } from '@watchnext/evaluation';
import { LIMITS, NO_CIRCUMSTANCES } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { describe as figuresOf, measure, type Measured } from './measure';
import type { HeldOut, Seen } from './protocol';
import type { LogScorer } from './scorers';

const VIDEO_IDS = ['a', 'b', 'c', 'd'];
const LOG = { videoIds: VIDEO_IDS, userIds: [], starts: new Int32Array(1), videos: new Int32Array(0), atMs: undefined };
/** Shares of the watches, one imagined for each video: 1/2, 1/4, 1/8, 1/8. */
const BITS = selfInformationBits([3, 1, 0, 0]);

const query = (userId: string, labelVideoId: string, earlierVideoIds: string[] = []): HeldOut => ({
  example: {
    userId,
    labelVideoId,
    labelAtMs: 0,
    features: { watchedVideoIds: [], ...NO_CIRCUMSTANCES },
  },
  earlierVideoIds,
});

const fixed = (closed = jest.fn()): LogScorer => ({
  name: 'fixed',
  askedAt: 'end of training',
  each: (queries, visit) => queries.forEach((query) => visit(query, [4, 3, 2, 1])),
  close: closed,
});
const measured = (
  queries: readonly HeldOut[],
  ks: readonly number[],
  seen: Seen = 'left-out',
  signal = new AbortController().signal,
  scorer = fixed(),
) =>
  measure(scorer, queries, {
    log: LOG,
    selfInformation: BITS,
    ks,
    seen,
    signal,
    onProgress: () => undefined,
  });

describe('what is measured of a scorer', () => {
  it('is the coverage and the novelty of the lists of the largest k, seen videos left out of them', async () => {
    // [a, b] for the one, [b, c] for the other, who has seen a.
    const both = await measured([query('u', 'b'), query('v', 'b', ['a'])], [1, 2]);
    expect(both.coverage).toBe(3 / 4);
    expect(both.noveltyBits).toBeCloseTo((1 + 2 + 2 + 3) / 4, 10);
    expect(both.ranks.map(({ ranks }) => ranks)).toEqual([[2], [1]]);
    const kept = await measured([query('v', 'b', ['a'])], [1], 'kept');
    expect(kept).toMatchObject({ coverage: 1 / 4, noveltyBits: 1, ranks: [{ ranks: [2] }] });
  });

  it('leaves out what serving does: of a long history the newest watches that the state holds', async () => {
    const long = ['a', ...Array.from({ length: LIMITS.newestCompleted }, (_, n) => (n === 0 ? 'b' : `other${n}`))];
    const rankOf = async (seen: Seen) => (await measured([query('u', 'd', long)], [1], seen)).ranks[0].ranks[0];
    expect([await rankOf('left-out'), await rankOf('served'), await rankOf('kept')]).toEqual([2, 3, 4]);
  });

  it('ends with a scorer that is closed, also where it was stopped', async () => {
    const closed = jest.fn();
    await measured([query('u', 'b')], [1], 'left-out', undefined, fixed(closed));
    expect(closed).toHaveBeenCalledTimes(1);
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(measured([query('u', 'b')], [1], 'left-out', stopped, fixed(closed))).rejects.toThrow('stopped');
    expect(closed).toHaveBeenCalledTimes(2);
  });

  it('is the place of a video that nobody watched: none', async () => {
    expect((await measured([query('u', 'unseen')], [1])).ranks).toEqual([{ userId: 'u', ranks: [Infinity] }]);
  });
});

describe('the figures of a scorer', () => {
  // Of one seed: u is hit once in three, v always; the second seed finds nothing for u.
  const rank = (userId: string, place: number) => ({ userId, ranks: [place] });
  const seed = [rank('u', 1), rank('u', Infinity), rank('u', Infinity), rank('v', 2)];
  const other = [rank('u', Infinity), rank('u', Infinity), rank('u', Infinity), rank('v', 2)];
  const cohorts = [['new users'], ['new users'], ['new users', 'rare videos'], ['heavy users']] as const;
  const figures = (ranks: Measured['ranks'], ks = [1, 4]) =>
    figuresOf(
      { ranks, coverage: 0.5, noveltyBits: 3 },
      { ks, videoCount: 3, random: (label) => createRandom(1).fork(label), cohorts },
    );

  it('are means over queries, and beside them over users, with the users that both are of', () => {
    const { metrics, overUsers, users } = figures(seed);
    expect(metrics.recall.map(({ value }) => value)).toEqual([1 / 4, 1 / 2]);
    expect(overUsers.recall.map(({ value }) => value)).toEqual([1 / 6, 2 / 3]);
    expect(metrics.precision[1].value).toBe(1 / 8);
    expect(overUsers.map[1].value).toBeCloseTo((1 / 3 + 1 / 2) / 2, 10);
    // Two users are too few for an interval.
    expect(overUsers.recall[1].interval95).toEqual([NaN, NaN]);
    expect(users).toEqual([
      { userId: 'u', queries: 3, recall: 1 / 3, ndcg: 1 / 3, map: 1 / 3 },
      { userId: 'v', queries: 1, recall: 1, ndcg: 1 / Math.log2(3), map: 1 / 2 },
    ]);
  });

  it('have an interval from ten users on', () => {
    const users = Array.from({ length: 10 }, (_, user) => rank(`u${user}`, user % 2 === 0 ? 1 : Infinity));
    const { metrics, overUsers } = figures(users);
    for (const { interval95, value } of [metrics.recall[0], overUsers.recall[0]]) {
      expect(interval95[0]).toBeLessThan(value);
      expect(interval95[1]).toBeGreaterThan(value);
    }
  });

  it('are means over seeds, whose queries are the same ones again', () => {
    const { users, cohorts: groups } = figures([...seed, ...other]);
    expect(users.map(({ queries, recall }) => [queries, recall])).toEqual([
      [3, 1 / 6],
      [1, 1],
    ]);
    expect(groups.map(({ cohort, queries, recall }) => [cohort, queries, recall[1].value])).toEqual([
      ['new users', 3, 1 / 6],
      ['heavy users', 1, 1],
      ['rare videos', 1, 0],
    ]);
  });

  it('end with the catalogue: no longer list tells more', () => {
    const { recallCurve, metrics } = figures(seed, [Number.MAX_SAFE_INTEGER]);
    expect(recallCurve).toEqual([1 / 4, 1 / 2, 1 / 2]);
    expect(metrics.recall).toEqual([expect.objectContaining({ k: Number.MAX_SAFE_INTEGER, value: 1 / 2 })]);
  });

  it('of a cohort are all that lists have', () => {
    const [newUsers, heavy] = figures(seed).cohorts;
    const values = (rows: typeof newUsers.ndcg) => rows?.map(({ value }) => value);
    expect(values(newUsers.hitRate)).toEqual([1 / 3, 1 / 3]);
    expect(values(heavy.hitRate)).toEqual([0, 1]);
    expect(values(heavy.precision)).toEqual([0, 1 / 4]);
    expect(values(heavy.ndcg)).toEqual([0, 1 / Math.log2(3)]);
    expect(values(heavy.map)).toEqual([0, 1 / 2]);
    expect(heavy.ndcg?.[1].interval95).toEqual([NaN, NaN]);
  });
});
