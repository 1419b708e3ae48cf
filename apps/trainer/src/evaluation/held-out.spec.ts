import { type CandidateExample, NO_CIRCUMSTANCES } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { PopularityCounts } from '@watchnext/evaluation';
import { drawQueries } from './held-out-queries';
import { gateRecallK, popularityScorer, rankNextWatches, recordedRecallKs } from './next-watch';

const example = (
  userId: string,
  labelVideoId: string,
  labelAtMs: number,
  watchedVideoIds: string[] = [],
): CandidateExample => ({
  userId,
  labelVideoId,
  labelAtMs,
  features: { watchedVideoIds, ...NO_CIRCUMSTANCES },
});
const manyUsers = (count: number) =>
  Array.from({ length: count }, (_, user) => example(`u${user}`, `v${user % 7}`, user));

describe('held-out queries', () => {
  it('are the first five watches of a user, rewatches left out and counted', () => {
    const examples = Array.from({ length: 8 }, (_, n) => example('u', `v${n}`, 100 - n)).concat(
      example('u', 'seen', 0, ['seen']),
    );
    const { queries, rewatchCount } = drawQueries(examples, 10, createRandom(1));
    expect(queries.map((query) => query.example.labelVideoId)).toEqual(['v7', 'v6', 'v5', 'v4', 'v3']);
    expect(rewatchCount).toBe(1);
  });

  it('are of a bounded number of users, drawn by the seed and not by the order of the archive', () => {
    const examples = manyUsers(50);
    const drawn = (given: CandidateExample[], seed: number) =>
      drawQueries(given, 10, createRandom(seed)).queries.map((query) => query.example.userId);
    expect(drawn(examples, 1)).toHaveLength(10);
    expect(drawn([...examples].reverse(), 1)).toEqual(drawn(examples, 1));
    expect(drawn(examples, 2)).not.toEqual(drawn(examples, 1));
  });

  it('are of the same users as before as far as new ones do not take their places', () => {
    const drawn = (count: number) =>
      drawQueries(manyUsers(count), 40, createRandom(1)).queries.map((query) => query.example.userId);
    const before = new Set(drawn(60));
    const isNew = (userId: string) => Number(userId.slice(1)) >= 60;
    expect(drawn(90).filter((userId) => !isNew(userId) && !before.has(userId))).toEqual([]);
    expect(drawn(90).filter(isNew).length).toBeGreaterThan(5);
  });

  it('are ranked in the whole catalogue, seen left out, and are misses when the scorer does not know the video', async () => {
    const counts = new PopularityCounts();
    ['a', 'a', 'a', 'b', 'b', 'c'].forEach((videoId) => counts.add(videoId, 0));
    const { queries } = drawQueries(
      [example('u', 'b', 1), example('v', 'b', 1, ['a']), example('w', 'new', 1)],
      10,
      createRandom(1),
    );
    const { ranks, coverage, knownShare } = await rankNextWatches(
      popularityScorer(counts),
      queries,
      new AbortController().signal,
    );
    expect(Object.fromEntries(ranks.map(({ userId, ranks: [rank] }) => [userId, rank]))).toEqual({
      u: 2,
      v: 1,
      w: Infinity,
    });
    expect(coverage).toBe(1);
    expect(knownShare).toBeCloseTo(2 / 3);
  });

  it('give way to an abort', async () => {
    const { queries } = drawQueries([example('u', 'b', 1)], 10, createRandom(1));
    const counts = new PopularityCounts();
    counts.add('b', 0);
    await expect(rankNextWatches(popularityScorer(counts), queries, AbortSignal.abort())).rejects.toThrow();
  });

  it('are measured at 100, or at a tenth of a small catalogue', () => {
    expect([1, 48, 299, 300, 1_000_000].map(gateRecallK)).toEqual([1, 5, 30, 100, 100]);
  });

  it('are recorded at what the gate looks at next time, when a small catalogue has grown by 30 videos or lost 10', () => {
    const sizes = Array.from({ length: 400 }, (_, n) => n + 1);
    const missing = sizes.flatMap((before) => {
      const recorded = recordedRecallKs(before);
      const next = sizes.filter((now) => now <= before + 30 && now >= (before < 300 ? before - 10 : 300));
      return next.filter((now) => !recorded.includes(gateRecallK(now)));
    });
    expect(missing).toEqual([]);
    expect(recordedRecallKs(80)).toEqual([7, 8, 9, 10, 11, 50, 100]);
    expect(recordedRecallKs(300)).toEqual([10, 50, 100]);
  });
});
