import fc from 'fast-check';
import { exactSearch, innerProduct, mergeResults, recallAtK, sortResult } from './exact-search';
import { VectorRows } from './vector-rows';

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

  it('is what rows find, over two arrays, however their values cancel out', () => {
    const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(1e-30, -1e30, 1e30, 0.1, -0.1));
    const row = fc.array(value, { minLength: 6, maxLength: 6 });
    const rows = fc.array(row, { maxLength: 30 }).map((all) => Float32Array.from(all.flat()));
    fc.assert(
      fc.property(rows, rows, row, fc.nat(40), (base, more, query, k) => {
        // Rows that came in later are no longer than the longest before.
        const added = base.length === 0 ? new Float32Array(0) : base.slice(0, Math.min(base.length, more.length));
        const count = (base.length + added.length) / 6;
        const all = Float32Array.of(...base, ...added);
        const q = Float32Array.from(query);
        const accepts = (label: number) => label % 5 !== 2;
        const rowsHere = new VectorRows(base, 6, added);
        const found = rowsHere.exactSearch(q, k, { count, accepts });
        // A bound that is no row's length finds the same, and no row is looked at for it.
        const told = new VectorRows(base, 6, added, 1.5 * rowsHere.largestNorm);
        expect(told.largestNorm).toBe(1.5 * rowsHere.largestNorm);
        expect(told.exactSearch(q, k, { count, accepts })).toEqual(found);
        const exact = exactSearch(all, 6, q, count);
        const kept = exact.labels.filter(accepts).slice(0, k);
        expect(found.labels).toEqual(kept);
        expect(found.scores).toEqual(kept.map((label) => innerProduct(q, all, label * 6)));
      }),
      { seed: 12, numRuns: 500 },
    );
  });

  it('refuses shapes that do not fit, and k that is no count', () => {
    expect(() => exactSearch(new Float32Array(7), 3, new Float32Array(3), 1)).toThrow('7 vector values');
    expect(() => exactSearch(new Float32Array(6), 3, new Float32Array(2), 1)).toThrow('a query of 2');
    expect(() => exactSearch(new Float32Array(6), 3, new Float32Array(3), NaN)).toThrow('k must be');
  });
});

describe('sorting and merging', () => {
  it('order by descending score, equal ones by label', () => {
    expect(sortResult([5, 1, 9, 2], [1, 3, 1, 3])).toEqual({ labels: [1, 2, 5, 9], scores: [3, 3, 1, 1] });
    const one = { labels: [1, 4], scores: [5, 2] };
    const other = { labels: [2, 3], scores: [5, 2] };
    expect(mergeResults([one, other], 3)).toEqual({ labels: [1, 2, 3], scores: [5, 5, 2] });
    expect(mergeResults([one], 1)).toEqual({ labels: [1], scores: [5] });
    expect(mergeResults([], 1)).toEqual({ labels: [], scores: [] });
  });

  it('merge what sorting all would give', () => {
    const entries = fc.uniqueArray(fc.record({ label: fc.nat(50), score: fc.nat(5) }), {
      selector: ({ label }) => label,
    });
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 4 }), fc.nat(20), (all, parts, k) => {
        const sorted = (some: typeof all) =>
          sortResult(
            some.map(({ label }) => label),
            some.map(({ score }) => score),
          );
        const results = Array.from({ length: parts }, (_, part) =>
          sorted(all.filter(({ label }) => label % parts === part)),
        );
        const { labels, scores } = sorted(all);
        expect(mergeResults(results, k)).toEqual({ labels: labels.slice(0, k), scores: scores.slice(0, k) });
      }),
      { seed: 4, numRuns: 200 },
    );
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
