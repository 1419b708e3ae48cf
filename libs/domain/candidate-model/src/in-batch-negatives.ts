/**
 * Negatives of which some are the labels of the batch's other examples: real watches, whose vectors the batch moves anyway,
 * beside draws that reach the tail. The examples of an epoch are shuffled, so the first labels of a batch are a random part
 * of all; an example sees those of the others, since its own label is an accidental hit and is masked. Which part it is says nothing of
 * the example, so that what is expected below is expected of a random one of the batch.
 *
 * Of S negatives let B be labels of the batch's n examples and the rest draws by q. An example that is not labelled j then
 * sees j among the negatives, on average over all epochs,
 *
 *   e_j = (S − B) q_j + B · (n − 1)/n · c_j / (N − 1)
 *
 * times, where c_j is how many of an epoch's N examples are labelled j (Yi et al. 2019 correct by the label's frequency
 * alone; Yang et al. 2020, "Mixed Negative Sampling for Learning Two-tower Neural Networks in Recommendations", mix
 * without). Both kinds of negatives are weighted by 1 / e_j, so that the estimate of the partition function stays unbiased.
 */
import type { Random } from '@watchnext/learning';
import type { NegativeDraw, NegativeSampler } from './negative-sampler';

export class InBatchNegatives {
  private readonly epochSize: number;

  /** @param epochLabelCounts c: how many examples of an epoch are expected to have each label, in the order of the vocabulary */
  constructor(
    private readonly sampler: NegativeSampler,
    private readonly epochLabelCounts: Float64Array,
  ) {
    this.epochSize = epochLabelCounts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * @param labels of the batch, rows of the output table
   * @param share of `count` that is to be labels of the batch; of a smaller batch it is all of them, and more is drawn
   */
  draw(count: number, labels: Int32Array, share: number, random: Random): NegativeDraw {
    const inBatch = labels.length > 1 ? Math.min(Math.round(share * count), labels.length) : 0;
    const drawn = this.sampler.draw(count - inBatch, random);
    const negatives = new Int32Array(count);
    negatives.set(labels.subarray(0, inBatch));
    negatives.set(drawn.negatives, inBatch);
    const inBatchRate = inBatch === 0 ? 0 : (inBatch * (labels.length - 1)) / (labels.length * (this.epochSize - 1));
    const negativeLogExpectedCounts = Float32Array.from(negatives, (row) =>
      Math.log((count - inBatch) * this.sampler.probability(row - 1) + inBatchRate * this.epochLabelCounts[row - 1]),
    );
    return { negatives, negativeLogExpectedCounts };
  }
}
