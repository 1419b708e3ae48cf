import { AliasSampler, type Random } from '@watchnext/learning';

/** The negatives of one batch. */
export interface NegativeDraw {
  /** Rows of the output table (1 = the most watched video), repeats as drawn: [count]. */
  readonly negatives: Int32Array;
  /** log(count · q) of each: how often a draw of this size is expected to hold this video. */
  readonly negativeLogExpectedCounts: Float32Array;
}

/** Draws videos with replacement, with probability q ∝ watch count ^ power. */
export class NegativeSampler {
  private readonly sampler: AliasSampler;
  private readonly logProbabilities: Float64Array;

  /** @param watchCounts in the order of the vocabulary */
  constructor(watchCounts: Float64Array, power: number) {
    this.sampler = new AliasSampler(watchCounts.map((count) => count ** power));
    this.logProbabilities = this.sampler.probabilities.map(Math.log);
  }

  draw(count: number, random: Random): NegativeDraw {
    const negatives = new Int32Array(count);
    const negativeLogExpectedCounts = new Float32Array(count);
    const logCount = Math.log(count);
    for (let i = 0; i < count; i++) {
      const video = this.sampler.sample(random);
      negatives[i] = video + 1;
      negativeLogExpectedCounts[i] = logCount + this.logProbabilities[video];
    }
    return { negatives, negativeLogExpectedCounts };
  }
}
