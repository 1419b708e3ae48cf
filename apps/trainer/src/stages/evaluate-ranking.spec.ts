import { StatisticsTimeline } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import {
  defaultRankingConfig,
  type RankingModelConfig,
  referenceRankingEngine,
  trainRankingModel,
} from '@watchnext/ranking-model';
import { COUNTING_SCORERS, type MetricTable } from '@watchnext/evaluation';
import { TEST_LIMIT_MS } from '@watchnext/testing';
import { shownLists } from '../../test/shown-lists';
import type { StageProgress } from '../pipeline/stage';
import { evaluateRankingStage } from './evaluate-ranking';

const random = createRandom(5);
const { signal: never } = new AbortController();

/** Pages of four, of which hardly anybody looks at the lower three: six in ten first places are clicked, one in twenty others. */
const examples = shownLists({ listCount: 600, length: 4 }, (position) => (position === 0 ? 0.6 : 0.05), random);

interface StageRun {
  readonly report?: StageProgress['report'];
  readonly signal?: AbortSignal;
}

async function evaluated(
  change: Partial<RankingModelConfig> = {},
  { report = () => undefined, signal = never }: StageRun = {},
) {
  const [rankingTraining, rankingHeldOut] = [examples.slice(0, 2_000), examples.slice(2_000)];
  const statistics = new StatisticsTimeline();
  const rankingModel = await trainRankingModel({
    examples: rankingTraining,
    statisticsAt: (atMs) => statistics.asOf(atMs),
    config: {
      ...defaultRankingConfig({ exampleCount: 2_000, videoCount: 8 }),
      hiddenSizes: [8],
      epochs: 12,
      learningRate: 0.01,
      ...change,
    },
    createEngine: referenceRankingEngine,
    seed: 1,
    signal: never,
  });
  const split = { rankingTraining, rankingHeldOut, evaluatedFromMs: rankingHeldOut[0].servedAtMs };
  const { rankingEvaluation } = await evaluateRankingStage().run(
    { replayed: { statistics }, split, rankingModel } as never,
    {
      progress: { report },
      signal,
      random,
      note: () => undefined,
    },
  );
  const metrics: MetricTable = rankingEvaluation.metrics;
  return (name: string, by: string) => metrics.find((row) => row.name === name && row.scorer === by)!.value;
}

it('expects seconds of an impression where it was shown', async () => {
  const valueOf = await evaluated();
  const actual = valueOf('ranking.mean_watch_seconds', 'actual');
  // All of them at the first place would be worth far more.
  expect(valueOf('ranking.mean_watch_seconds', 'model') / actual).toBeLessThan(1.5);
  expect(valueOf('ranking.mean_watch_seconds', 'model') / actual).toBeGreaterThan(0.67);
  const mae = 'ranking.watch_time_mae_seconds';
  expect(valueOf(mae, 'model')).toBeLessThan(valueOf(mae, 'item expected watch time'));
});

it(
  'sets beside what a model expects what was watched up to its cap',
  async () => {
    const [whole, capped] = [await evaluated(), await evaluated({ watchCapSeconds: 5 })];
    const mean = 'ranking.mean_watch_seconds';
    // A click is 20 s of watching.
    expect(capped(mean, 'actual')).toBeCloseTo(whole(mean, 'actual') / 4, 9);
    expect(capped(mean, 'model') / capped(mean, 'actual')).toBeLessThan(1.5);
    expect(capped(mean, 'model') / capped(mean, 'actual')).toBeGreaterThan(0.67);
  },
  TEST_LIMIT_MS,
);

it('says how far it is to its end', async () => {
  const reports: Parameters<StageProgress['report']>[] = [];
  await evaluated({ epochs: 1 }, { report: (...news) => reports.push(news) });
  expect([...new Set(reports.map(([, , detail]) => detail))]).toEqual([
    'scores',
    'expected seconds',
    'counting',
    'metrics of model',
    ...COUNTING_SCORERS.map((scorer) => `metrics of ${scorer}`),
  ]);
  const [, total] = reports[0];
  expect(reports.every(([done, ofAll]) => done < total && ofAll === total)).toBe(true);
  const counts = reports.map(([done]) => done);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
});

it.each(['counting', 'metrics of model'])('gives way at %s, too', async (part) => {
  const stop = new AbortController();
  const report = (_done: number, _total: number, detail?: string) => {
    if (detail === part) stop.abort(new Error('stopped'));
  };
  await expect(evaluated({ epochs: 1 }, { report, signal: stop.signal })).rejects.toThrow('stopped');
});
