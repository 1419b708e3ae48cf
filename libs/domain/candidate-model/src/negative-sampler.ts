import { AliasSampler, type Random } from '@watchnext/learning';

/** The negatives of one batch. */
export interface NegativeDraw {
  /** Rows of the output table (1 = the most watched video), repeats as drawn: [count]. */
  readonly negatives: Int32Array;
  /** log(count · q) of each: how often a draw of this size is expected to hold this video. */
  readonly negativeLogExpectedCounts: Float32Array;
}

/**
 * Draws videos with replacement, with probability q ∝ watch count ^ power.
 *
 * Why a power of the count: popular videos are where the softmax's mass is, so drawing them more often lowers the
 * variance of the estimate; power 1 would all but never draw the tail, whose vectors nothing would then push away. 0.75
 * is word2vec's compromise (Mikolov et al. 2013). Whatever the power, the correction makes the estimate unbiased.
 */
export class NegativeSampler {
  private readonly sampler: AliasSampler;
  private readonly logProbabilities: Float64Array;

  /** @param watchCounts in the order of the vocabulary */
  constructor(watchCounts: Float64Array, power: number) {
    this.sampler = new AliasSampler(watchCounts.map((count) => count ** power));
    this.logProbabilities = this.sampler.probabilities.map(Math.log);
  }

  get videoCount(): number {
    return this.sampler.size;
  }

  /** q of a video, from 0: 0 is the most watched. */
  probability(video: number): number {
    return this.sampler.probabilities[video];
  }

  /** Each video once, expected once: the full softmax, exact, and no dearer where as many negatives were wanted anyhow. */
  all(): NegativeDraw {
    const size = this.videoCount;
    return {
      negatives: Int32Array.from({ length: size }, (_, video) => video + 1),
      negativeLogExpectedCounts: new Float32Array(size),
    };
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
