/** What orders the impressions of a part: counting, chance, and models that were trained. */
import {
  actualSeconds,
  COUNTING_SCORERS,
  type CountedImpression,
  CountingBaselines,
  type IndexSource,
} from '@watchnext/evaluation';
import { createRandom, median } from '@watchnext/learning';
import type { RankingModelConfig } from '@watchnext/ranking-model';
import type { LossPoint } from '../document/loss-curve';
import type { ModelScores } from './model-scores';
import type { RankingScorerReport } from './report';
import type { RankingVariant } from './variants';

/** One thing that orders impressions, and what it takes them to be worth. */
export interface Scorer {
  readonly name: string;
  readonly kind: RankingScorerReport['kind'];
  readonly orders: string;
  readonly scores: Float64Array;
  /** What is expected of an impression where it was shown; undefined of what gives no seconds. */
  readonly seconds?: Float64Array;
  readonly seed?: number;
  readonly config?: RankingModelConfig;
  readonly trainingSeconds?: number;
  readonly lossCurve?: readonly LossPoint[];
  /** Of its bootstrap, where it is one of its own. */
  readonly random?: IndexSource;
}

export function countingScorers(
  training: readonly CountedImpression[],
  impressions: readonly CountedImpression[],
): Scorer[] {
  const counts = CountingBaselines.of(training);
  const counted = counts.scores(impressions);
  return COUNTING_SCORERS.map((name) => ({
    name,
    kind: 'baseline',
    orders: name.includes('odds') ? 'odds' : name.includes('rate') ? 'click rate' : 'expected watch time',
    scores: counted[name],
    ...(name === 'item expected watch time' ? { seconds: counts.itemMeanSeconds(impressions) } : {}),
  }));
}

/** What knows nothing of the impression: a random order, and the seconds that the middle one in training had, for all. */
export function blindScorers(
  training: readonly CountedImpression[],
  impressions: readonly CountedImpression[],
): Scorer[] {
  const random = createRandom(1).fork('random order');
  const watched = Float64Array.from(training, (impression) => actualSeconds(impression));
  const seconds = new Float64Array(impressions.length).fill(median(watched));
  // Bootstraps of their own: they came later, and leave the intervals of the others as they were.
  const common = (name: string) => ({ name, kind: 'baseline', random: createRandom(1).fork(name) }) as const;
  return [
    { ...common('random'), orders: 'chance', scores: Float64Array.from(impressions, () => random.next()) },
    { ...common('median of training'), orders: 'nothing: all alike', scores: seconds, seconds },
  ];
}

export function modelScorers(
  variant: RankingVariant,
  seed: number,
  config: RankingModelConfig,
  scores: ModelScores,
): Scorer[] {
  const { expectedWatchSeconds, clickProbability, secondsWhereShown, headCount, trainingSeconds, lossCurve } = scores;
  const common = { name: variant.name, kind: 'model', seed } as const;
  const { objective } = config;
  const byTime = objective === 'expected-watch-time';
  const rows: Scorer[] = [
    {
      ...common,
      orders: objective === 'click' ? 'odds of a click' : objective === 'paper' ? 'odds' : 'expected watch time',
      scores: expectedWatchSeconds,
      ...(byTime ? { seconds: secondsWhereShown } : {}),
      config,
      trainingSeconds,
      lossCurve,
    },
  ];
  if (headCount > 1 && byTime) {
    const odds = expectedWatchSeconds.map((seconds, i) => seconds / (1 - clickProbability[i]));
    rows.push({ ...common, orders: 'odds: expected watch time / (1 − P)', scores: odds });
  }
  return rows;
}
