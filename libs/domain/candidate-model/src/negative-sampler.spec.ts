import { createRandom } from '@watchnext/learning';
import { NegativeSampler } from './negative-sampler';

describe('NegativeSampler', () => {
  const counts = Float64Array.of(81, 16, 1);
  const weights = [27, 8, 1]; // to the power of 0.75
  const draw = new NegativeSampler(counts, 0.75).draw(90_000, createRandom(1));

  it('draws rows of the output table in proportion to count ^ power', () => {
    weights.forEach((weight, video) => {
      const drawn = draw.negatives.filter((row) => row === video + 1).length;
      const expected = (90_000 * weight) / 36;
      expect(Math.abs(drawn - expected)).toBeLessThan(4 * Math.sqrt(expected));
    });
  });

  it('gives the log of how often each is expected in the draw', () => {
    for (let i = 0; i < 100; i++) {
      const expected = Math.log((90_000 * weights[draw.negatives[i] - 1]) / 36);
      expect(draw.negativeLogExpectedCounts[i]).toBeCloseTo(expected, 5);
    }
  });

  it('estimates a sum over all videos without bias when each draw is divided by its expected count', () => {
    const terms = [0.3, 2, 11];
    const sampler = new NegativeSampler(counts, 0.75);
    const random = createRandom(2);
    let sum = 0;
    for (let batch = 0; batch < 4_000; batch++) {
      const { negatives, negativeLogExpectedCounts } = sampler.draw(20, random);
      negatives.forEach((row, j) => (sum += terms[row - 1] / Math.exp(negativeLogExpectedCounts[j])));
    }
    expect(sum / 4_000).toBeGreaterThan(13.3 * 0.98);
    expect(sum / 4_000).toBeLessThan(13.3 * 1.02);
  });
});
