/** Is the loss of engine.ts, with the sampler's corrections, what the full softmax would have? On a vocabulary of 12, and its error on larger ones. */
import { createRandom } from '@watchnext/learning';
import { NegativeSampler, type NegativeDraw } from './negative-sampler';

const VIDEOS = 12;
const LABEL = 4;
const random = createRandom(11);
const SCORES = Array.from({ length: VIDEOS }, () => 1.2 * random.gaussian());
const COUNTS = Float64Array.from({ length: VIDEOS }, (_, video) => 200 / (video + 1));
const SAMPLER = new NegativeSampler(COUNTS, 0.75);
const PARTITION = SCORES.reduce((sum, score) => sum + Math.exp(score), 0);
const LABEL_PROBABILITY = Math.exp(SCORES[LABEL]) / PARTITION;

/** Z of engine.ts: the label's own term is exact, its accidental draws are left out. */
function estimate({ negatives, negativeLogExpectedCounts }: NegativeDraw): number {
  let partition = Math.exp(SCORES[LABEL]);
  negatives.forEach((row, j) => {
    if (row - 1 !== LABEL) partition += Math.exp(SCORES[row - 1] - negativeLogExpectedCounts[j]);
  });
  return partition;
}

/** Mean and standard error of a function of Z over many draws of S negatives. */
function over(drawCount: number, negativeCount: number, of: (partition: number) => number) {
  const drawing = createRandom(negativeCount);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < drawCount; i++) {
    const value = of(estimate(SAMPLER.draw(negativeCount, drawing)));
    sum += value;
    squares += value * value;
  }
  const mean = sum / drawCount;
  return { mean, error: Math.sqrt((squares / drawCount - mean * mean) / drawCount) };
}

describe('the sampled softmax', () => {
  it.each([3, 10, 40])('estimates the partition function without bias from %p negatives', (negativeCount) => {
    const { mean, error } = over(10_000, negativeCount, (partition) => partition);
    expect(error).toBeLessThan(0.02 * PARTITION);
    expect(Math.abs(mean - PARTITION)).toBeLessThan(4 * error);
  });

  it('has a gradient whose bias shrinks as 1/S', () => {
    // ∂loss/∂(u·v_label) = p − 1, with p the label's share of the estimate.
    const biasOf = (negativeCount: number) => {
      const { mean, error } = over(25_000, negativeCount, (partition) => Math.exp(SCORES[LABEL]) / partition);
      return { bias: mean - LABEL_PROBABILITY, error };
    };
    const [few, more, many] = [10, 20, 40].map(biasOf);
    expect(few.bias).toBeGreaterThan(12 * few.error);
    expect(many.bias).toBeGreaterThan(3 * many.error);
    for (const [larger, smaller] of [
      [few, more],
      [more, many],
    ]) {
      // Twice the negatives, half the bias, but for terms of 1/S² and the errors.
      expect(larger.bias / smaller.bias).toBeGreaterThan(1.6);
      expect(larger.bias / smaller.bias).toBeLessThan(2.6);
    }
  });

  it('is far off without the correction', () => {
    const uncorrected = over(2_000, 40, (partition) => partition).mean;
    const without = SAMPLER.draw(40, createRandom(3));
    const plain = estimate({ ...without, negativeLogExpectedCounts: new Float32Array(40) });
    expect(Math.abs(plain - PARTITION)).toBeGreaterThan(5 * Math.abs(uncorrected - PARTITION));
  });

  it('is the full softmax with every video once', () => {
    expect(SAMPLER.all().negatives.length).toBe(VIDEOS);
    expect(estimate(SAMPLER.all())).toBeCloseTo(PARTITION, 9);
  });
});

describe('the variance of the estimate', () => {
  /** Watches are 1/rank of a video's popularity, and half of the viewer's probability lies on 50 videos of his own taste. */
  function catalogueOf(videoCount: number) {
    const watchCounts = Float64Array.from({ length: videoCount }, (_, video) => 1 / (video + 1));
    const watchSum = watchCounts.reduce((sum, count) => sum + count, 0);
    const popular = watchCounts.map((count) => count / watchSum);
    const viewer = popular.map((share) => share / 2);
    const tastes = createRandom(videoCount);
    for (let i = 0; i < 50; i++) viewer[tastes.nextInt(videoCount)] += 0.01;
    return { sampler: new NegativeSampler(watchCounts, 0.75), popular, viewer };
  }

  /** (Σ p²/q − 1)/S, with Z = 1. */
  function predicted(sampler: NegativeSampler, probabilities: Float64Array, negativeCount: number): number {
    const sum = probabilities.reduce((total, p, video) => total + (p * p) / sampler.probability(video), 0);
    return (sum - 1) / negativeCount;
  }

  /** Mean and variance of Σ p/(S·q) over the draws. */
  function measured(sampler: NegativeSampler, probabilities: Float64Array, negativeCount: number, drawCount: number) {
    const drawing = createRandom(negativeCount);
    const estimates = Float64Array.from({ length: drawCount }, () => {
      const { negatives, negativeLogExpectedCounts } = sampler.draw(negativeCount, drawing);
      return negatives.reduce(
        (sum, row, j) => sum + probabilities[row - 1] * Math.exp(-negativeLogExpectedCounts[j]),
        0,
      );
    });
    const mean = estimates.reduce((sum, value) => sum + value, 0) / drawCount;
    const squares = estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, variance: squares / (drawCount - 1) };
  }

  it.each([
    [1_000, 100],
    [1_000, 400],
    [8_000, 400],
    [64_000, 400],
  ])('is (Σ p²/q − 1)/S of Z², with %p videos and %p negatives', (videoCount, negativeCount) => {
    const { sampler, viewer } = catalogueOf(videoCount);
    const { mean, variance } = measured(sampler, viewer, negativeCount, 6_000);
    const expected = predicted(sampler, viewer, negativeCount);
    expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(expected / 6_000));
    expect(variance / expected).toBeGreaterThan(0.85);
    expect(variance / expected).toBeLessThan(1.15);
  });

  it('goes with the catalogue where a viewer likes what few watch, and hardly where he likes what all do', () => {
    const [small, middle, large] = [1_000, 10_000, 100_000].map((videoCount) => {
      const { sampler, popular, viewer } = catalogueOf(videoCount);
      const [ofViewer, ofPopular] = [viewer, popular].map((p) => Math.sqrt(predicted(sampler, p, 1_000)));
      return { ofViewer, ofPopular };
    });
    expect(middle.ofViewer / small.ofViewer).toBeGreaterThan(2.5);
    expect(large.ofViewer / middle.ofViewer).toBeGreaterThan(2.5);
    expect(large.ofPopular / small.ofPopular).toBeLessThan(2);
  });
});
