import {
  NO_SEARCHES,
  RANKING_USER_NUMBERS,
  RANKING_VIDEO_NUMBERS,
  type RankingExample,
  StatisticsTimeline,
} from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { defaultRankingConfig, referenceRankingEngine, trainRankingModel } from '@watchnext/ranking-model';
import type { MetricTable } from '@watchnext/evaluation';
import { evaluateRankingStage } from './evaluate-ranking';

const START_MS = Date.UTC(2026, 10, 2);
const random = createRandom(5);
const signal = new AbortController().signal;

/** Pages of four, of which hardly anybody looks at the lower three: six in ten first places are clicked, one in twenty others. */
const examples = Array.from({ length: 2_400 }, (_, n): RankingExample => {
  const position = n % 4;
  const clicked = random.next() < (position === 0 ? 0.6 : 0.05);
  const page = Math.floor(n / 4);
  return {
    userId: `u${page % 40}`,
    requestId: `r${page}`,
    pageId: `p${page}`,
    impressionId: `i${n}`,
    servedAtMs: START_MS + page * 60_000,
    position,
    user: {
      userId: `u${page % 40}`,
      lastWatchedVideoId: '',
      seedVideoId: '',
      surface: 'home',
      country: '',
      device: '',
      searches: NO_SEARCHES,
      numbers: new Float64Array(RANKING_USER_NUMBERS.length).fill(NaN),
    },
    video: {
      videoId: `v${random.nextInt(8)}`,
      channelId: 'c',
      topics: [],
      source: 'retrieval',
      numbers: new Float64Array(RANKING_VIDEO_NUMBERS.length).fill(NaN),
    },
    clicked,
    watchSeconds: clicked ? 20 : 0,
    served: { snapshotId: '', score: undefined, featuresChecksum: undefined },
  };
});

it('expects seconds of an impression where it was shown', async () => {
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
    },
    createEngine: referenceRankingEngine,
    seed: 1,
    signal,
  });
  const split = { rankingTraining, rankingHeldOut, evaluatedFromMs: rankingHeldOut[0].servedAtMs };
  const { rankingEvaluation } = await evaluateRankingStage().run(
    { replayed: { statistics }, split, rankingModel } as never,
    {
      progress: { report: () => undefined },
      signal,
      random,
      note: () => undefined,
    },
  );
  const metrics: MetricTable = rankingEvaluation.metrics;
  const valueOf = (name: string, by: string) => metrics.find((row) => row.name === name && row.scorer === by)!.value;
  const actual = valueOf('ranking.mean_watch_seconds', 'actual');
  // All of them at the first place would be worth far more.
  expect(valueOf('ranking.mean_watch_seconds', 'model') / actual).toBeLessThan(1.5);
  expect(valueOf('ranking.mean_watch_seconds', 'model') / actual).toBeGreaterThan(0.67);
  const mae = 'ranking.watch_time_mae_seconds';
  expect(valueOf(mae, 'model')).toBeLessThan(valueOf(mae, 'item expected watch time'));
});
