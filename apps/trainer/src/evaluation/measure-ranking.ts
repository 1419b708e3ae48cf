/** The metrics of the held-out impressions that the gate looks at, each with its interval. */
import {
  COUNTING_SCORERS,
  type CountingScorer,
  type LabelledImpression,
  type MetricRow,
  type Page,
  type UserRatio,
  watchTimeMae,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import type { Random } from '@watchnext/learning';
import { breathe } from '@watchnext/waiting';

export const RANKING_LOSS = 'ranking.weighted_per_user_loss';
const MAE = 'ranking.watch_time_mae_seconds';

type LossScorer = 'model' | CountingScorer;
type SecondsScorer = 'model' | 'item expected watch time';
const LOSS_SCORERS: readonly LossScorer[] = ['model', ...COUNTING_SCORERS];
const SECONDS_SCORERS: readonly SecondsScorer[] = ['model', 'item expected watch time'];

/** That `measureRanking` takes, one after the other. */
export const METRIC_COUNT = LOSS_SCORERS.length + SECONDS_SCORERS.length;

export interface MeasuredRanking {
  readonly metrics: readonly MetricRow[];
  readonly losses: ReadonlyMap<LossScorer, UserRatio>;
}

/**
 * @param scores by which each scorer orders a page, one for each impression
 * @param seconds that each expects of an impression
 * @param onMetric before each metric, of how many there are already
 * @throws the reason of `signal`
 */
export async function measureRanking(
  { impressions, pages }: { readonly impressions: readonly LabelledImpression[]; readonly pages: readonly Page[] },
  {
    scores,
    seconds,
  }: {
    readonly scores: Readonly<Record<LossScorer, Float64Array>>;
    readonly seconds: Readonly<Record<SecondsScorer, Float64Array>>;
  },
  random: Random,
  signal: AbortSignal,
  onMetric: (done: number, scorer: string) => void,
): Promise<MeasuredRanking> {
  const metrics: MetricRow[] = [];
  const losses = new Map<LossScorer, UserRatio>();
  const measure = async (name: string, scorer: string, ratioOf: () => UserRatio) => {
    onMetric(metrics.length, scorer);
    await breathe(signal);
    const ratio = ratioOf();
    metrics.push({ name, scorer, value: ratio.value(), interval: ratio.interval(random.fork('bootstrap')) });
    return ratio;
  };
  for (const scorer of LOSS_SCORERS) {
    const lossOf = () => weightedPerUserLoss(impressions, pages, scores[scorer]);
    losses.set(scorer, await measure(RANKING_LOSS, scorer, lossOf));
  }
  for (const scorer of SECONDS_SCORERS) await measure(MAE, scorer, () => watchTimeMae(impressions, seconds[scorer]));
  return { metrics, losses };
}
