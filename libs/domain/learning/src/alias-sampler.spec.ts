import fc from 'fast-check';
import { AliasSampler } from './alias-sampler';
import { createRandom } from './random';

describe('AliasSampler', () => {
  it('draws in proportion to the weights', () => {
    const weights = [5, 0, 1, 0.5, 20, 3.5];
    const sampler = new AliasSampler(weights);
    const random = createRandom(1);
    const counts = weights.map(() => 0);
    for (let i = 0; i < 300_000; i++) counts[sampler.sample(random)]++;
    weights.forEach((weight, i) => {
      const expected = (weight / 30) * 300_000;
      expect(Math.abs(counts[i] - expected)).toBeLessThanOrEqual(4 * Math.sqrt(expected));
      expect(sampler.probabilities[i]).toBeCloseTo(weight / 30, 12);
    });
  });

  it('never draws a weight of zero, whatever the rounding', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e9, noNaN: true })), {
          minLength: 1,
          maxLength: 40,
        }),
        (weights) => {
          fc.pre(weights.some((weight) => weight > 0));
          const sampler = new AliasSampler(weights);
          const random = createRandom(2);
          for (let i = 0; i < 200; i++) expect(weights[sampler.sample(random)]).toBeGreaterThan(0);
        },
      ),
      { seed: 17 },
    );
  });

  it.each([[[]], [[0, 0]], [[1, -1]], [[1, NaN]], [[1, Infinity]]])('refuses the weights %p', (weights: number[]) => {
    expect(() => new AliasSampler(weights)).toThrow(RangeError);
  });
});
