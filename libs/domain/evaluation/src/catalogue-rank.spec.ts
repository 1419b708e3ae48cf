import fc from 'fast-check';
import { rankInCatalogue, topK } from './catalogue-rank';

const catalogue = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 })
  .chain((scores) =>
    fc.tuple(fc.constant(scores), fc.nat(scores.length - 1), fc.uniqueArray(fc.nat(scores.length - 1))),
  );

describe('ranks in the whole catalogue', () => {
  it('equal the mean place over all orders of ties, excluded videos left out', () => {
    fc.assert(
      fc.property(catalogue, ([scores, index, seen]) => {
        const excluded = new Set(seen);
        const others = scores.filter((_, other) => other !== index && !excluded.has(other));
        const best = 1 + others.filter((score) => score > scores[index]).length;
        const worst = best + others.filter((score) => score === scores[index]).length;
        expect(rankInCatalogue(scores, index, excluded)).toBe((best + worst) / 2);
      }),
      { seed: 1 },
    );
  });

  it('put a score that is not a number behind everything', () => {
    expect(rankInCatalogue([NaN, 1, NaN], 0, new Set())).toBe(Infinity);
    expect(rankInCatalogue([1, NaN, 2, NaN, NaN, NaN], 0, new Set())).toBe(2);
    expect(topK([NaN, 1, NaN], 3, new Set())).toEqual([1]);
    expect(topK([NaN, 1, NaN, NaN, 3, NaN, NaN, 2, 3], 2, new Set())).toEqual([4, 8]);
  });

  it('take the top k as a full stable sort would', () => {
    fc.assert(
      fc.property(catalogue, fc.integer({ min: 1, max: 50 }), ([scores, , seen], k) => {
        const excluded = new Set(seen);
        const sorted = scores
          .map((_, index) => index)
          .filter((index) => !excluded.has(index))
          .sort((a, b) => scores[b] - scores[a] || a - b);
        expect(topK(scores, k, excluded)).toEqual(sorted.slice(0, k));
      }),
      { seed: 2 },
    );
  });
});
