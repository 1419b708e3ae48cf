import { createRandom } from '@watchnext/learning';
import fc from 'fast-check';
import { QuantileMap, quantileMapOf, sampleOf } from './quantiles';

const mapOf = (values: readonly number[], quantileCount = 100): QuantileMap =>
  quantileMapOf(Float64Array.from(values), quantileCount);

describe('normalisation by quantiles', () => {
  it('maps any distribution to the uniform one', () => {
    const random = createRandom(5);
    const values = Array.from({ length: 5000 }, () => Math.exp(2 * random.gaussian()));
    const map = mapOf(values);
    const positions = values.map((value) => map.positionOf(value)).sort((a, b) => a - b);
    positions.forEach((position, i) => expect(Math.abs(position - i / 5000)).toBeLessThan(0.012));
  });

  it('keeps order and stays in [0, 1), within what was seen and beyond', () => {
    const numbers = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1, maxLength: 80 }), fc.array(numbers), (seen, asked) => {
        const map = mapOf(seen, 10);
        const ascending = [...seen, ...asked, -1e9, 1e9].sort((a, b) => a - b).map((value) => map.positionOf(value));
        ascending.forEach((position, i) => {
          expect(position).toBeGreaterThanOrEqual(i === 0 ? 0 : ascending[i - 1]);
          expect(position).toBeLessThan(1);
          expect(Math.fround(position)).toBe(position);
        });
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('interpolates in straight lines between quantiles', () => {
    const map = mapOf([0, 10, 20], 2);
    expect([-1, 0, 5, 10, 12.5, 30].map((value) => map.positionOf(value))).toEqual([
      0,
      0,
      0.25,
      0.5,
      0.625,
      1 - 2 ** -24,
    ]);
  });

  it('gives a frequent value the middle of its ranks, between its neighbours', () => {
    const map = mapOf([...Array(60).fill(0), ...Array.from({ length: 41 }, (_, i) => i + 1)]);
    expect(map.positionOf(0)).toBeCloseTo(0.295, 2);
    expect(map.positionOf(1)).toBeGreaterThan(0.59);
    expect(map.positionOf(0.5)).toBeGreaterThan(map.positionOf(0));
  });

  it('gives the logarithm in standard deviations, rising, and at most four of them off the mean', () => {
    const random = createRandom(5);
    const values = Array.from({ length: 5000 }, () => Math.exp(3 + 2 * random.gaussian()));
    const map = mapOf(values);
    const logs = values.map((value) => map.logAt(map.positionOf(value)));
    const inner = values.map((value, i) => [(Math.log(value) - 3) / 2, logs[i]]).filter(([log]) => Math.abs(log) < 2);
    for (const [expected, log] of inner) expect(log).toBeCloseTo(expected, 0.5);
    const ascending = [0, ...values, 1e12].sort((a, b) => a - b).map((value) => map.logAt(map.positionOf(value)));
    ascending.forEach((log, i) => {
      expect(log).toBeGreaterThanOrEqual(i === 0 ? -4 : ascending[i - 1]);
      expect(log).toBeLessThanOrEqual(4);
      expect(Math.fround(log)).toBe(log);
    });
  });

  it('gives a position its logarithm whatever was asked before', () => {
    const map = mapOf(Array.from({ length: 300 }, (_, i) => (i % 7) * i));
    const untouched = mapOf(Array.from({ length: 300 }, (_, i) => (i % 7) * i));
    const values = fc.double({ min: -10, max: 2500, noNaN: true });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (before, position) => {
        const own = map.positionOf(before);
        expect(map.logAt(own)).toBe(untouched.logAt(own));
        expect(map.logAt(position)).toBe(untouched.logAt(position));
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  it('has logarithms of counts with zeros among them, none of what may be negative or never varied', () => {
    const counts = mapOf([...Array(50).fill(0), ...Array.from({ length: 51 }, (_, i) => i + 1)]);
    const [none, one, many] = [0, 1, 50].map((count) => counts.logAt(counts.positionOf(count)));
    expect(none).toBeLessThan(one);
    expect(one).toBeLessThan(many);
    expect([mapOf([-1, 0, 1]), mapOf([7, 7]), mapOf([0, 0]), mapOf([])].map(({ hasLog }) => hasLog)).toEqual(
      Array(4).fill(false),
    );
  });

  it('knows nothing of a number that never varied: any value is the same to it', () => {
    const map = mapOf([7, 7, 7]);
    expect([-100, 7, 100].map((value) => map.positionOf(value))).toEqual([0.5, 0.5, 0.5]);
  });

  it('takes a number whose values differ by rounding for one that never varied', () => {
    const rounded = [9.2, 9.2 + 2 ** -49, 9.2 - 2 ** -49];
    for (const map of [mapOf(rounded), mapOf([...rounded, NaN]), mapOf(rounded.map((value) => -value))]) {
      expect([map.isInformative, map.hasLog]).toEqual([map.mayBeMissing, false]);
      expect([...rounded, 0, 100].map((value) => map.positionOf(value))).toEqual(Array(5).fill(0.5));
    }
    expect(mapOf([9.2, 9.2 + 1e-7]).isInformative).toBe(true);
    expect(mapOf([...rounded, 0]).isInformative).toBe(true);
  });

  it('gives finite inputs for any numbers: constant, nearly so, huge and tiny, seen and served', () => {
    const size = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.constantFrom(0, -0, 9.2, 1e300, -1e300, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, 2e-310, 1e-300),
    );
    const ulps = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 40 });
    const near = (value: number, ulp: number) => {
      const moved = value * (1 + ulp * Number.EPSILON);
      return Number.isFinite(moved) ? moved : value;
    };
    const nearly = fc.tuple(size, ulps).map(([value, steps]) => steps.map((ulp) => near(value, ulp)));
    const seenNumbers = fc.array(nearly, { minLength: 1, maxLength: 3 }).map((groups) => groups.flat());
    fc.assert(
      fc.property(seenNumbers, fc.array(size), fc.integer({ min: 2, max: 100 }), (seen, asked, quantileCount) => {
        const trained = mapOf(seen, quantileCount);
        const served = new QuantileMap(trained.values.slice(), trained.positions.slice(), trained.mayBeMissing);
        for (const value of [...seen, ...asked]) {
          const position = trained.positionOf(value);
          const inputs = [position, ...(trained.hasLog ? [trained.logAt(position)] : [])];
          expect(inputs.filter((input) => !Number.isFinite(input))).toEqual([]);
          expect([served.positionOf(value), ...(served.hasLog ? [served.logAt(position)] : [])]).toEqual(inputs);
        }
        const [first] = seen;
        if (seen.every((value) => Math.abs(value - first) <= 1e-12 * Math.abs(first)))
          expect(trained.isInformative).toBe(false);
      }),
      { seed: 6, numRuns: 1_000 },
    );
  });

  it('has no logarithm of values whose logarithms are the same', () => {
    const map = new QuantileMap(Float64Array.of(9.2, 9.2 + 2 ** -49), Float64Array.of(0.25, 0.75), false);
    expect(map.hasLog).toBe(false);
  });

  it('leaves missing values out, and remembers that there were some', () => {
    const map = mapOf([NaN, 1, NaN, 2, 3]);
    expect(map.mayBeMissing).toBe(true);
    expect(map.positionOf(2)).toBe(0.5);
    expect(map.positionOf(NaN)).toBeNaN();
    expect(mapOf([1, 2]).mayBeMissing).toBe(false);
  });

  it('knows which numbers training could learn from', () => {
    expect(mapOf([1, 2]).isInformative).toBe(true);
    expect(mapOf([7, NaN]).isInformative).toBe(true);
    expect(mapOf([7, 7]).isInformative).toBe(false);
    expect(mapOf([NaN]).isInformative).toBe(false);
    expect(mapOf([NaN]).positionOf(4)).toBeNaN();
  });

  it('is right within the noise of its sample over many more rows than it keeps', () => {
    // Ascending: a sample of the first rows, or of the last, would be far off.
    const members = sampleOf(200_000, createRandom(2));
    expect(members).toHaveLength(50_000);
    expect(new Set(members).size).toBe(50_000);
    const map = mapOf(members);
    for (const share of [0.1, 0.25, 0.5, 0.9]) expect(map.positionOf(share * 200_000)).toBeCloseTo(share, 2);
  });

  it('samples all rows where they are few', () => {
    expect(sampleOf(3, createRandom(2))).toEqual([0, 1, 2]);
  });

  it('may be told that a number is missing where its sample had it', () => {
    const map = mapOf([7, 7]).withMissing(true);
    expect([map.mayBeMissing, map.isInformative, map.positionOf(8)]).toEqual([true, true, 0.5]);
  });
});
