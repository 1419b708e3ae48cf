import { createRandom } from '@watchnext/learning';
import { growthOf, type Sample, verdictOf } from './growth';

const random = createRandom(3);

/** A sample every five seconds for half an hour. */
const samplesOf = (valueAt: (seconds: number) => number): Sample[] =>
  Array.from({ length: 360 }, (_, i) => ({ seconds: 5 * i, value: valueAt(5 * i) }));

describe('growth', () => {
  it('is the slope as a share of the mean for each hour', () => {
    const growth = growthOf(samplesOf((seconds) => 900 + seconds / 9))!;
    expect(growth.mean).toBeCloseTo(1_000, 0);
    expect(growth.perHour).toBeCloseTo(0.4, 2);
    expect(growth.high - growth.low).toBeLessThan(0.01);
  });

  it('is told from noise: a line that only trembles is level', () => {
    const growth = growthOf(samplesOf(() => 1_000 + 5 * random.gaussian()))!;
    expect(growth.low).toBeLessThan(0);
    expect(growth.high).toBeGreaterThan(0);
    expect(verdictOf(growth, 0.05)).toBe('level');
  });

  it('is found under noise that is larger than a step', () => {
    const growth = growthOf(samplesOf((seconds) => 1_000 + seconds / 9 + 20 * random.gaussian()));
    expect(verdictOf(growth, 0.05)).toBe('grows');
  });

  it('is not what a minute shows that changed a hundredth', () => {
    const minute = samplesOf((seconds) => 1_000 + seconds / 6).slice(0, 12);
    const growth = growthOf(minute)!;
    expect(growth.perHour).toBeGreaterThan(0.5);
    expect(verdictOf(growth, 0.05)).toBe('level');
  });

  it('is not what a sawtooth of collected garbage shows', () => {
    const growth = growthOf(samplesOf((seconds) => 1_000 + (seconds % 60)));
    expect(verdictOf(growth, 0.05)).toBe('level');
  });

  it('is not known where the noise could hide it, nor from a few samples', () => {
    const growth = growthOf(samplesOf(() => 1_000 + 600 * random.gaussian()));
    expect(verdictOf(growth, 0.001)).toBe('unknown');
    expect(growthOf([{ seconds: 0, value: 1 }])).toBeUndefined();
    expect(verdictOf(undefined, 0.1)).toBe('unknown');
  });

  it('passes over what could not be measured, and calls a falling line falling', () => {
    const falling = samplesOf((seconds) => (seconds % 50 === 0 ? NaN : 1_000 - seconds / 9));
    expect(verdictOf(growthOf(falling), 0.05)).toBe('shrinks');
  });

  it('of what stays at one value is none', () => {
    expect(growthOf(samplesOf(() => 25))).toMatchObject({ perHour: 0, low: 0, high: 0 });
    expect(verdictOf(growthOf(samplesOf(() => 0)), 0)).toBe('level');
  });
});
