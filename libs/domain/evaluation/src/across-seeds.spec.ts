import { meanOverSeeds } from './across-seeds';

/** Student's t of an interval: what its half width is of the standard error. */
function tOf(seedCount: number): number {
  const values = Array.from({ length: seedCount }, (_, index) => (index % 2 === 0 ? 1 : -1));
  const { mean, halfWidth } = meanOverSeeds(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seedCount - 1);
  return halfWidth / Math.sqrt(variance / seedCount);
}

/** P(|T| < t): with t = √n · tan θ the density is in proportion to cosⁿ⁻¹ θ, which Simpson's rule sums. */
function coverage(t: number, degreesOfFreedom: number): number {
  const integral = (to: number, steps = 2_000) => {
    let sum = 0;
    for (let i = 0; i <= steps; i++) {
      const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
      sum += weight * Math.cos((to * i) / steps) ** (degreesOfFreedom - 1);
    }
    return (sum * to) / steps;
  };
  return integral(Math.atan(t / Math.sqrt(degreesOfFreedom))) / integral(Math.PI / 2);
}

describe('a mean over seeds', () => {
  it('has an interval of 95% by Student’s t, up to 31 seeds', () => {
    for (let seeds = 2; seeds <= 31; seeds++) expect(coverage(tOf(seeds), seeds - 1)).toBeCloseTo(0.95, 4);
    expect(tOf(12)).toBeCloseTo(2.201, 9);
  });

  it('is never taken for surer than it is by more seeds', () => {
    for (const seeds of [32, 50, 1_000]) {
      expect(coverage(tOf(seeds), seeds - 1)).toBeGreaterThan(0.95);
      expect(tOf(seeds)).toBeCloseTo(2.042, 9);
    }
  });
});
