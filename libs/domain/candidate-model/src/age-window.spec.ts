import { DAY_MS } from '@watchnext/features';
import { exampleOf } from '../test/builders';
import { ageWindowOf } from './age-window';

const END_MS = Date.UTC(2026, 10, 1);
const KNOTS = 16;
const examplesAged = (ages: readonly number[]) => ages.map((age, i) => exampleOf(`u${i}`, 'v', END_MS - age * DAY_MS));
const windowOf = (ages: readonly number[], knots = KNOTS) => ageWindowOf(examplesAged(ages), END_MS, knots);
/** Evenly from `from` to `to`. */
const evenly = (count: number, from: number, to: number) =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

describe('ageWindowOf', () => {
  it('spans all ages of an ordinary log, be it even or mostly young', () => {
    expect(windowOf(evenly(1_000, 0.1, 60))).toEqual({ days: 60, beyondCount: 0, oldestDays: 60 });
    const doublingEachQuarter = evenly(1_000, 0, 1).map((share) => (share * 10) ** 2 / 2);
    expect(windowOf(doublingEachQuarter)).toMatchObject({ days: 50, beyondCount: 0 });
  });

  it('leaves out a few examples that are far older than all others, and counts them', () => {
    const { days, beyondCount, oldestDays } = windowOf([...evenly(1_000, 0, 60), 20_000, 19_000]);
    expect(days).toBeGreaterThan(59);
    expect(days).toBeLessThanOrEqual(60);
    expect(beyondCount).toBeGreaterThanOrEqual(2);
    expect(beyondCount).toBeLessThanOrEqual(11);
    expect(oldestDays).toBe(20_000);
  });

  it('spans old examples that are more than a few', () => {
    expect(windowOf([...evenly(900, 0, 60), ...evenly(100, 500, 600)])).toMatchObject({ days: 600, beyondCount: 0 });
  });

  it.each([
    ['one example', [3], 3],
    ['all at the end of the window', [0, 0], 1],
    ['nearly all at the end of the window', [...evenly(999, 0, 0), 5], 5],
  ])('has a length with %s', (_, ages, days) => expect(windowOf(ages).days).toBe(days));

  it('says at what age to ask where no example has the knot of the present', () => {
    expect(windowOf(evenly(1_000, 30, 120)).leastDays).toBeCloseTo(30.8, 1);
    // Nor is it learned from one event that was sent to try it out.
    expect(windowOf([0.01, ...evenly(1_000, 30, 120)]).leastDays).toBeCloseTo(30.8, 1);
  });

  it.each([
    ['the last days of a window are missing', evenly(1_000, 5, 120), KNOTS],
    ['there is one knot for all ages', evenly(1_000, 30, 120), 1],
    ['there is none', evenly(1_000, 30, 120), 0],
  ])('asks at age 0 where %s', (_, ages, knots) => expect(windowOf(ages, knots)).not.toHaveProperty('leastDays'));

  it('refuses a label of after the window', () => {
    expect(() => windowOf([1, -1])).toThrow('the label v of user u1 is later than the training window');
  });
});
