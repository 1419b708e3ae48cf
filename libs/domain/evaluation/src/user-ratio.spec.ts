import fc from 'fast-check';
import { UserRatio } from './user-ratio';

/** A small linear congruential generator: this library may not choose where randomness comes from. */
function source(seed: number) {
  let state = seed >>> 0;
  return {
    nextInt(exclusiveMaximum: number) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * exclusiveMaximum);
    },
  };
}

describe('UserRatio', () => {
  it('is the ratio of sums, not the mean of ratios', () => {
    const ratio = new UserRatio();
    ratio.add('a', 1, 1);
    ratio.add('b', 0, 3);
    ratio.add('a', 1, 1);
    expect(ratio.value()).toBeCloseTo(2 / 5);
    expect(ratio.userCount).toBe(2);
  });

  it('counts each user once where it is asked per user, those without rows left out', () => {
    const ratio = new UserRatio();
    ratio.add('a', 2, 2);
    ratio.add('b', 1, 4);
    ratio.add('c', 0, 0);
    const each = ratio.perUser();
    expect([...each.rows()]).toEqual([
      ['a', 1, 1],
      ['b', 0.25, 1],
    ]);
    expect(each.value()).toBe(0.625);
    expect(ratio.value()).toBe(0.5);
  });

  it('is NaN of nothing', () => {
    expect(new UserRatio().value()).toBeNaN();
    expect(new UserRatio().interval(source(1))).toEqual({ low: NaN, high: NaN });
  });

  it('has no interval where a user is NaN, though most draws are without that user', () => {
    const ratio = new UserRatio();
    for (let user = 0; user < 50; user += 1) ratio.add(`u${user}`, user % 2, 1);
    ratio.add('broken', NaN, NaN);
    expect(ratio.value()).toBeNaN();
    expect(ratio.interval(source(1))).toEqual({ low: NaN, high: NaN });
  });

  it('resamples users, of whom a handful gives no interval, and repeats with the seed', () => {
    const one = new UserRatio();
    for (let query = 0; query < 100; query += 1) one.add('only', query % 2, 1);
    expect(one.interval(source(1))).toEqual({ low: NaN, high: NaN });
    for (const [count, isKnown] of [
      [9, false],
      [10, true],
    ] as const) {
      const few = new UserRatio();
      for (let user = 0; user < count; user += 1) few.add(`u${user}`, user % 2, 1);
      expect(Number.isFinite(few.interval(source(1)).low)).toBe(isKnown);
    }

    const many = new UserRatio();
    for (let user = 0; user < 100; user += 1) many.add(`u${user}`, user % 2, 1);
    expect(many.interval(source(7))).toEqual(many.interval(source(7)));
  });

  it('has the width that theory gives: 1.96 standard errors of a proportion to each side', () => {
    const ratio = new UserRatio();
    for (let user = 0; user < 400; user += 1) ratio.add(`u${user}`, user % 4 === 0 ? 1 : 0, 1);
    const { low, high } = ratio.interval(source(3), { resampleCount: 2_000 });
    const expected = 1.96 * Math.sqrt((0.25 * 0.75) / 400);
    expect(0.25 - low).toBeGreaterThan(0.8 * expected);
    expect(0.25 - low).toBeLessThan(1.2 * expected);
    expect(high - 0.25).toBeGreaterThan(0.8 * expected);
    expect(high - 0.25).toBeLessThan(1.2 * expected);
  });

  it('keeps the bounds in order and within what any user reached', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10), { minLength: 10, maxLength: 20 }), fc.nat(), (hits, seed) => {
        const ratio = new UserRatio();
        hits.forEach((hit, user) => ratio.add(`u${user}`, hit, 10));
        const { low, high } = ratio.interval(source(seed));
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...hits) / 10 - 1e-12);
        expect(high).toBeLessThanOrEqual(Math.max(...hits) / 10 + 1e-12);
      }),
      { seed: 5 },
    );
  });

  describe('less another one', () => {
    const ratio = (rows: readonly [string, number, number][]) => {
      const made = new UserRatio();
      for (const [userId, numerator, denominator] of rows) made.add(userId, numerator, denominator);
      return made;
    };

    it('over it is how many times it is, with no spread where that is the same for every user', () => {
      const rows = Array.from({ length: 50 }, (_, user): [string, number, number] => [`u${user}`, 1 + (user % 7), 10]);
      const half = rows.map(([userId, numerator, denominator]): (typeof rows)[number] => [
        userId,
        numerator / 2,
        denominator,
      ]);
      const times = ratio(rows).over(ratio(half));
      expect(times.value()).toBeCloseTo(ratio(rows).value() / ratio(half).value());
      const { low, high } = times.interval(source(4));
      expect([low, high]).toEqual([expect.closeTo(2), expect.closeTo(2)]);
      expect(() => ratio(rows).over(ratio(half.slice(1)))).toThrow(RangeError);
      expect(
        ratio([['a', 1, 2]])
          .over(ratio([['a', 0, 2]]))
          .value(),
      ).toBe(Infinity);
    });

    it('is the difference of the two, with no spread where they differ by the same for every user', () => {
      const rows = Array.from({ length: 50 }, (_, user): [string, number, number] => [`u${user}`, user % 7, 10]);
      const shifted = rows.map(([userId, numerator, denominator]): (typeof rows)[number] => [
        userId,
        numerator + 1,
        denominator,
      ]);
      const difference = ratio(shifted).minus(ratio(rows));
      expect(difference.value()).toBeCloseTo(ratio(shifted).value() - ratio(rows).value());
      const { low, high } = difference.interval(source(1));
      expect([low, high]).toEqual([expect.closeTo(0.1), expect.closeTo(0.1)]);
      expect(ratio(rows).interval(source(1)).high).toBeGreaterThan(ratio(rows).interval(source(1)).low + 0.05);
    });

    it('is NaN where either is, as of a model that has broken, and of the same rows all the same', () => {
      const rows: [string, number, number][] = [
        ['a', 1, 2],
        ['b', 1, 2],
      ];
      const broken = ratio([rows[0], ['b', NaN, NaN]]);
      for (const difference of [ratio(rows).minus(broken), broken.minus(ratio(rows)), broken.minus(broken)]) {
        expect(difference.value()).toBeNaN();
        expect(difference.interval(source(1))).toEqual({ low: NaN, high: NaN });
      }
      expect(ratio(rows).over(broken).value()).toBeNaN();
      expect(broken.over(ratio(rows)).interval(source(1))).toEqual({ low: NaN, high: NaN });
    });

    it('is refused for other rows and other users', () => {
      expect(() => ratio([['a', 1, 2]]).minus(ratio([['a', 1, 3]]))).toThrow(/different rows: user a/);
      expect(() => ratio([['a', 1, 2]]).minus(ratio([['b', 1, 2]]))).toThrow(/different rows: user a/);
      expect(() => ratio([]).minus(ratio([['b', 1, 2]]))).toThrow(/different users/);
    });
  });
});
