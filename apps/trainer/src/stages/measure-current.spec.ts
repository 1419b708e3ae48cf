import type { SnapshotManifest } from '@watchnext/contract';
import { StatisticsTimeline } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { earlierModel } from './earlier-model';
import { measureCurrentStage } from './measure-current';

const SPLIT_MS = Date.UTC(2026, 10, 5);

/** Its newest example is of `toMs`; whoever fetches its files fails. */
const storeOf = (toMs: number): SnapshotStore => {
  const window = { fromMs: 0, toMs, evaluatedFromMs: SPLIT_MS - 1_000, evaluatedToMs: toMs };
  return {
    readPointer: async () => 's1',
    readManifest: async () => ({ snapshotId: 's1', window, metrics: [] }) as unknown as SnapshotManifest,
    fetch: async () => {
      throw new Error('its models are asked for');
    },
  } as unknown as SnapshotStore;
};

const measured = (toMs: number) =>
  measureCurrentStage(storeOf(toMs)).run(
    {
      replayed: { statistics: new StatisticsTimeline() },
      split: { evaluatedFromMs: SPLIT_MS, rankingHeldOut: [] },
      candidateEvaluation: { queries: [], recallK: 10 },
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
