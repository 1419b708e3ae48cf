import type { Metric, SnapshotManifest } from '@watchnext/contract';
import { UserRatio } from '@watchnext/evaluation';
import { StatisticsTimeline } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { earlierModel } from './earlier-model';
import { measureCurrentStage } from './measure-current';

const SPLIT_MS = Date.UTC(2026, 10, 5);

/** Its newest example is of `toMs`; whoever fetches its files fails. */
const storeOf = (toMs: number, metrics: readonly Metric[] = []): SnapshotStore => {
  const window = { fromMs: 0, toMs, evaluatedFromMs: SPLIT_MS - 1_000, evaluatedToMs: toMs };
  return {
    readPointer: async () => 's1',
    readManifest: async () => ({ snapshotId: 's1', window, metrics }) as unknown as SnapshotManifest,
    fetch: async () => {
      throw new Error('its models are asked for');
    },
  } as unknown as SnapshotStore;
};

const ratioOf = (...numerators: number[]): UserRatio => {
  const ratio = new UserRatio();
  numerators.forEach((numerator, user) => ratio.add(`u${user}`, numerator, 2));
  return ratio;
};

const measured = (toMs: number, metrics: readonly Metric[] = []) =>
  measureCurrentStage(storeOf(toMs, metrics)).run(
    {
      replayed: { statistics: new StatisticsTimeline() },
      split: { evaluatedFromMs: SPLIT_MS, rankingHeldOut: [] },
      candidateEvaluation: { queries: Array.from({ length: 6 }), recallK: 10, recall: ratioOf(1, 1, 1) },
      rankingEvaluation: { loss: ratioOf(0, 2), pageCount: 9 },
    } as never,
    {
      progress: { report: () => undefined },
      signal: new AbortController().signal,
      random: createRandom(1),
      note: () => undefined,
    },
  );

describe('a snapshot whose newest example is of the moment at which the held-out days begin', () => {
  it('has trained on them: neither is it measured on them, nor does a training begin with it', async () => {
    expect((await measured(SPLIT_MS)).currentMetrics?.candidateRecall.origin).toBe('recorded on other days');
    expect((await earlierModel(storeOf(SPLIT_MS), SPLIT_MS)).origin).toBe('s1 has trained on the held-out days');
  });

  it('has not where that example is of a millisecond before', async () => {
    await expect(measured(SPLIT_MS - 1)).rejects.toThrow('its models are asked for');
    expect((await earlierModel(storeOf(SPLIT_MS - 1), SPLIT_MS)).origin).toContain('its models are asked for');
  });
});

it('what is recorded of other days stands beside all that was measured on these, with how much and how sure it is', async () => {
  const row = (name: string, scorer: string, value: number): Metric => ({ name, scorer, value });
  const { currentMetrics } = await measured(SPLIT_MS, [
    row('candidates.recall@10', 'model', 0.4),
    row('candidates.recall@10', 'popularity', 0.2),
    row('candidates.queries', 'model', 60),
    row('ranking.weighted_per_user_loss', 'item click rate', 0.35),
    row('ranking.weighted_per_user_loss', 'item expected watch time', 0.33),
  ]);
  expect(currentMetrics).toEqual({
    snapshotId: 's1',
    candidateRecall: {
      origin: 'recorded on other days',
      current: { value: 0.4, rowCount: 60 },
      baseline: 0.2,
      trained: { value: 0.5, interval: { low: NaN, high: NaN }, userCount: 3, rowCount: 6 },
    },
    weightedPerUserLoss: {
      origin: 'recorded on other days',
      current: { value: NaN, rowCount: NaN },
      baseline: 0.33,
      trained: { value: 0.5, interval: { low: NaN, high: NaN }, userCount: 2, rowCount: 9 },
    },
  });
});
