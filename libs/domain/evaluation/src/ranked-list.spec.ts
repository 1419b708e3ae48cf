import fc from 'fast-check';
import { averagePrecision, hitRateAtK, ndcgAtK, precisionAtK, recallAtK } from './ranked-list';

const SEED = { seed: 20261123 };

describe('metrics of one ranked list', () => {
  const ranked = ['a', 'b', 'c', 'd'];
  const relevant = new Set(['b', 'd', 'z']);

  it('have the values worked out by hand', () => {
    expect(recallAtK(ranked, relevant, 2)).toBeCloseTo(1 / 3);
    expect(recallAtK(ranked, relevant, 10)).toBeCloseTo(2 / 3);
    expect(precisionAtK(ranked, relevant, 4)).toBeCloseTo(0.5);
    expect(precisionAtK(ranked, relevant, 10)).toBeCloseTo(0.2);
    expect(hitRateAtK(ranked, relevant, 1)).toBe(0);
    expect(hitRateAtK(ranked, relevant, 2)).toBe(1);
    expect(averagePrecision(ranked, relevant)).toBeCloseTo((1 / 2 + 2 / 4) / 3);
    const gain = 1 / Math.log2(3) + 1 / Math.log2(5);
    const ideal = 1 + 1 / Math.log2(3) + 1 / 2;
    expect(ndcgAtK(ranked, relevant, 4)).toBeCloseTo(gain / ideal);
  });

  it('refuse a k that is not a positive integer', () => {
    expect(() => recallAtK(ranked, relevant, 0)).toThrow(RangeError);
    expect(() => precisionAtK(ranked, relevant, 1.5)).toThrow(RangeError);
  });

  it('say NaN, not a number, when nothing is relevant', () => {
    expect(recallAtK(ranked, new Set(), 2)).toBeNaN();
    expect(averagePrecision(ranked, new Set())).toBeNaN();
    expect(ndcgAtK(ranked, new Set(), 2)).toBeNaN();
  });

  const lists = fc
    .uniqueArray(fc.nat(40), { minLength: 1, maxLength: 30 })
    .chain((items) =>
      fc.tuple(fc.constant(items), fc.subarray(items, { minLength: 1 }), fc.integer({ min: 1, max: 40 })),
    );

  it('stay within 0 and 1, and are 1 when the relevant come first', () => {
    fc.assert(
      fc.property(lists, ([items, some, k]) => {
        const wanted = new Set(some);
        for (const metric of [recallAtK, precisionAtK, hitRateAtK, ndcgAtK]) {
          const value = metric(items, wanted, k);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
        const best = [...some, ...items.filter((item) => !wanted.has(item))];
        expect(averagePrecision(best, wanted)).toBeCloseTo(1);
        expect(ndcgAtK(best, wanted, k)).toBeCloseTo(1);
        expect(recallAtK(best, wanted, items.length)).toBe(1);
      }),
      SEED,
    );
  });

  it('do not fall when a relevant item moves one place up', () => {
    fc.assert(
      fc.property(lists, fc.nat(), ([items, some, k], choice) => {
        const wanted = new Set(some);
        const at = items.indexOf(some[choice % some.length]);
        fc.pre(at > 0);
        const better = [...items];
        [better[at - 1], better[at]] = [better[at], better[at - 1]];
        expect(averagePrecision(better, wanted)).toBeGreaterThanOrEqual(averagePrecision(items, wanted) - 1e-12);
        expect(ndcgAtK(better, wanted, k)).toBeGreaterThanOrEqual(ndcgAtK(items, wanted, k) - 1e-12);
        expect(recallAtK(better, wanted, k)).toBeGreaterThanOrEqual(recallAtK(items, wanted, k));
      }),
      SEED,
    );
  });
});
