import fc from 'fast-check';
import { exactSearch, innerProduct, recallAtK } from './exact-search';

/** Small whole numbers, so that equal scores are common. */
const vectorsOf = (dimensions: number) =>
  fc
    .array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: dimensions, maxLength: dimensions }), {
      maxLength: 60,
    })
    .map((rows) => Float32Array.from(rows.flat()));

describe('exactSearch', () => {
  it('equals sorting everything, equal scores by ascending label', () => {
    fc.assert(
      fc.property(vectorsOf(3), fc.nat(70), (vectors, k) => {
        const query = Float32Array.of(1, -2, 1);
        const all = Array.from({ length: vectors.length / 3 }, (_, label) => ({
          label,
          score: innerProduct(query, vectors, label * 3),
        })).sort((a, b) => b.score - a.score || a.label - b.label);
        const found = exactSearch(vectors, 3, query, k);
        expect(found.labels).toEqual(all.slice(0, k).map((entry) => entry.label));
        expect(found.scores).toEqual(all.slice(0, k).map((entry) => entry.score));
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it('refuses shapes that do not fit, and k that is no count', () => {
    expect(() => exactSearch(new Float32Array(7), 3, new Float32Array(3), 1)).toThrow('7 vector values');
    expect(() => exactSearch(new Float32Array(6), 3, new Float32Array(2), 1)).toThrow('a query of 2');
    expect(() => exactSearch(new Float32Array(6), 3, new Float32Array(3), NaN)).toThrow('k must be');
  });
});

describe('innerProduct', () => {
  it('is the double-precision sum as a float32', () => {
    // In float32 the large terms would swallow the small one.
    expect(innerProduct(Float32Array.of(2 ** 25, 1, -(2 ** 25)), Float32Array.of(9, 1, 1, 1), 1)).toBe(1);
  });
});

describe('recallAtK', () => {
  const exact = { labels: [1, 2, 3, 4], scores: [9, 8, 7, 7] };

  it('is the share of the k best that was found', () => {
    expect(recallAtK({ labels: [1, 5, 2], scores: [9, 8.5, 8] }, exact, 2)).toBe(1);
    expect(recallAtK({ labels: [1, 6, 7], scores: [9, 6, 5] }, exact, 4)).toBe(0.25);
  });

  it('counts any of several equally good vectors', () => {
    expect(recallAtK({ labels: [1, 2, 4], scores: [9, 8, 7] }, exact, 3)).toBe(1);
  });

  it('is 1 when there is nothing to find', () => {
    expect(recallAtK({ labels: [], scores: [] }, { labels: [], scores: [] }, 10)).toBe(1);
  });
});
