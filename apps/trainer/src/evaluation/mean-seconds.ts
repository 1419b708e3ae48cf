import type { RankingExample } from '@watchnext/features';
import type { RankingModel } from '@watchnext/ranking-model';

/** Mean watch seconds an impression, as a ranking model can be held to them. */
export interface MeanSeconds {
  readonly expected: number;
  readonly actual: number;
}

/**
 * What a model expects of impressions beside what was watched, in the same terms: watches count up to the model's cap, beyond which
 * it expects nothing. With the objective `paper`, where it is not calibrated, it predicts the odds E[T] / (1 - P); summed over the
 * impressions that were not clicked, as each is with probability 1 - P, those are E[T] summed over all.
 *
 * @param predicted [examples], what the model gives for each where it was shown
 */
export function meanSeconds(
  { config, calibration }: Pick<RankingModel, 'config' | 'calibration'>,
  examples: readonly RankingExample[],
  predicted: Float64Array,
): MeanSeconds {
  const areOdds = config.objective === 'paper' && calibration.logits.length === 0;
  let [expected, actual] = [0, 0];
  examples.forEach(({ clicked, watchSeconds }, n) => {
    if (!(areOdds && clicked)) expected += predicted[n];
    if (clicked) actual += Math.min(watchSeconds, config.watchCapSeconds);
  });
  return { expected: expected / examples.length, actual: actual / examples.length };
}
