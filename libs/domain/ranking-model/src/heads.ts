/** What each logit of the tower learns from an example. */
import type { RankingExample } from '@watchnext/features';
import { hasClickHead, type RankingModelConfig } from './config';

/** What one logit of the tower learns: the weights of each example as a positive and as a negative. */
export interface Head {
  readonly positiveWeights: Float64Array;
  readonly negativeWeights: Float64Array;
  /** Of an example's whole weight, which batches divide by: losses are then about 1 whatever the watch times. */
  readonly meanWeight: number;
}

/**
 * Weight of the click head's loss beside the watch time's. Clicks vary less than watch times, so at equal weights they would
 * have the say in what tables and tower learn; Adam lets the head's own layer learn as fast at any weight.
 */
const CLICK_HEAD_SHARE = 0.1;

export function headsOf(examples: readonly RankingExample[], config: RankingModelConfig): Head[] {
  const { objective, watchCapSeconds } = config;
  const seconds = ({ watchSeconds }: RankingExample) => Math.min(watchSeconds, watchCapSeconds);
  const head = (
    positive: (example: RankingExample) => number,
    isNegative: (example: RankingExample) => boolean,
  ): Head => {
    const positiveWeights = Float64Array.from(examples, (example) => (example.clicked ? positive(example) : 0));
    const negativeWeights = Float64Array.from(examples, (example) => (isNegative(example) ? 1 : 0));
    const meanWeight = (sumOf(positiveWeights) + sumOf(negativeWeights)) / examples.length;
    return { positiveWeights, negativeWeights, meanWeight };
  };
  const clicks = () =>
    head(
      () => 1,
      ({ clicked }) => !clicked,
    );
  if (objective === 'click') return [clicks()];
  const watchTime = head(seconds, ({ clicked }) => objective === 'expected-watch-time' || !clicked);
  if (!hasClickHead(config)) return [watchTime];
  const click = clicks();
  return [watchTime, { ...click, meanWeight: click.meanWeight / CLICK_HEAD_SHARE }];
}

/** Of each example for each head, in units of the head's mean weight: [examples, heads]. */
export function weightsOf(heads: readonly Head[], of: (head: Head) => Float64Array): Float32Array {
  const weights = new Float32Array(of(heads[0]).length * heads.length);
  heads.forEach((head, h) => {
    of(head).forEach((weight, n) => (weights[n * heads.length + h] = weight / head.meanWeight));
  });
  return weights;
}

export function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
