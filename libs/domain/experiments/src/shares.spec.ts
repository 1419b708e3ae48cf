import fc from 'fast-check';
import { overlap, shareAt, type Stretch, stretchesOf } from './shares';

const length = (parts: readonly Stretch[]) => parts.reduce((sum, { from, to }) => sum + to - from, 0);
/** Shares of two to five variants that sum to at most one. */
const someShares = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 2, maxLength: 5 })
  .chain((weights) =>
    fc.double({ min: 0.05, max: 1, noNaN: true }).map((total) => {
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => (total * weight) / sum);
    }),
  );

describe('the parts of variants', () => {
  it('are as long as their shares, within [0, 1], and disjoint', () => {
    fc.assert(
      fc.property(someShares, (shares) => {
        const parts = stretchesOf(shares);
        parts.forEach((own, i) => {
          expect(length(own)).toBeCloseTo(shares[i], 9);
          expect(own.every(({ from, to }) => from >= 0 && to <= 1 + 1e-12)).toBe(true);
          parts.slice(i + 1).forEach((other) => expect(overlap(own, other)).toBeLessThan(1e-9));
        });
      }),
    );
  });

  it('of two variants grow without moving anyone, to any shares', () => {
    fc.assert(
      fc.property(
        fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0, max: 1, noNaN: true }))),
        fc.double({ min: 0, max: 1, noNaN: true }),
        ([a, b, grow], ratio) => {
          const total = Math.max(1, a + b);
          const before = [a / total, b / total];
          const room = (1 - before[0] - before[1]) * grow;
          const after = stretchesOf([before[0] + room * ratio, before[1] + room * (1 - ratio)]);
          stretchesOf(before).forEach((own, i) => expect(overlap(own, after[i])).toBeCloseTo(before[i], 9));
        },
      ),
    );
  });

  it('of n variants grow to 1/n each without moving anyone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })), {
          minLength: 2,
          maxLength: 6,
        }),
        (pairs) => {
          const before = pairs.map(([a, b]) => Math.min(a, b) / pairs.length);
          const after = stretchesOf(pairs.map(([a, b]) => Math.max(a, b) / pairs.length));
          stretchesOf(before).forEach((own, i) => expect(overlap(own, after[i])).toBeCloseTo(before[i], 9));
        },
      ),
    );
  });

  it('a point lies in one of them or in none', () => {
    const parts = stretchesOf([0.2, 0.3]);
    expect([0, 0.1999, 0.2, 0.5, 0.7999, 0.8, 0.99].map((point) => shareAt(parts, point))).toEqual([
      0,
      0,
      undefined,
      1,
      1,
      undefined,
      undefined,
    ]);
    expect(stretchesOf([0.9, 0.1])[0]).toEqual([
      { from: 0, to: 0.5 },
      { from: expect.closeTo(0.6), to: 1 },
    ]);
  });
});
