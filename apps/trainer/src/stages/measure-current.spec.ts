import type { Metric, SnapshotManifest } from '@watchnext/contract';
import { UserRatio } from '@watchnext/evaluation';
import { NO_CIRCUMSTANCES, StatisticsTimeline } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { rankingExampleOf } from '@watchnext/testing';
import { randomCandidateModel, trainTinyRanker } from '@watchnext/testing/snapshots';
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

it('says how far it is with the next watches and the impressions of both', async () => {
  const videos = [{ videoId: 'a' }, { videoId: 'b' }].map((video) => ({
    ...video,
    channelId: 'c',
    durationSeconds: 60,
    uploadedAtMs: 0,
  }));
  const toMs = SPLIT_MS + 5_000;
  const query = {
    example: {
      userId: 'u',
      labelVideoId: 'a',
      labelAtMs: toMs,
      features: { watchedVideoIds: [], ...NO_CIRCUMSTANCES },
    },
    seenVideoIds: [],
  };
  const impression = rankingExampleOf({
    userId: 'u',
    requestId: 'r',
    pageId: '',
    position: 0,
    impressionId: 'i',
    servedAtMs: toMs,
    videoId: 'a',
    clicked: true,
    watchSeconds: 9,
  });
  const reported: unknown[] = [];
  const { currentMetrics } = await measureCurrentStage(storeOf(toMs)).run(
    {
      replayed: { statistics: new StatisticsTimeline() },
      split: { evaluatedFromMs: SPLIT_MS - 1_000, rankingHeldOut: [impression] },
      candidateModel: randomCandidateModel({ videoIds: ['a', 'b'], seed: 1 }),
      rankingModel: await trainTinyRanker({ videos, seed: 1 }),
      candidateEvaluation: { queries: [query, query], recallK: 10, recall: ratioOf(1) },
      rankingEvaluation: { loss: ratioOf(0), pageCount: 1 },
    } as never,
    {
      progress: { report: (...news) => reported.push(news) },
      signal: new AbortController().signal,
      random: createRandom(1),
      note: () => undefined,
    },
  );
  expect(currentMetrics?.candidateRecall.origin).toBe('recorded on the same days');
  expect(reported).toEqual([
    [0, 3, 'next watches'],
    [2, 3, 'impressions'],
  ]);
});
