import { createRandom } from '@watchnext/learning';
import { poissonArrivals } from './poisson';

describe('arrivals of a Poisson process', () => {
  const arrivals = poissonArrivals(200, 100, createRandom(1));
  const gaps = arrivals.map((atMs, i) => atMs - (arrivals[i - 1] ?? 0));

  it('come at the rate asked for, in order, until the end', () => {
    // 20,000 expected, with a standard deviation of 141.
    expect(Math.abs(arrivals.length - 20_000)).toBeLessThan(500);
    expect(gaps.every((gap) => gap >= 0)).toBe(true);
    expect(arrivals.at(-1)).toBeLessThan(100_000);
  });

  it('have exponential gaps: the deviation is the mean, and a share of 1/e is longer', () => {
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean).toBeCloseTo(1, 1);
    expect(gaps.filter((gap) => gap > mean).length / gaps.length).toBeCloseTo(Math.exp(-1), 1);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(poissonArrivals(200, 100, createRandom(1))).toEqual(arrivals);
    expect(poissonArrivals(200, 100, createRandom(2))).not.toEqual(arrivals);
  });

  it('cannot come at no rate', () => {
    expect(() => poissonArrivals(0, 1, createRandom(1))).toThrow('requests cannot come at 0 a second');
  });
});
