import fc from 'fast-check';
import { exactSearch, innerProduct } from './exact-search';
import { searchEach } from './several-queries';
import { VectorRows } from './vector-rows';

const DIMENSIONS = 3;
/** Small whole numbers, so that equal scores are common. */
const rowsOf = (least: number, most: number) =>
  fc
    .array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: DIMENSIONS, maxLength: DIMENSIONS }), {
      minLength: least,
      maxLength: most,
    })
    .map((rows) => Float32Array.from(rows.flat()));
const rowOf = (rows: Float32Array, i: number) => rows.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
const countOf = (rows: Float32Array) => rows.length / DIMENSIONS;

const greatest = (queries: Float32Array, vectors: Float32Array, label: number) =>
  Math.max(
    ...Array.from({ length: countOf(queries) }, (_, i) => innerProduct(rowOf(queries, i), vectors, label * DIMENSIONS)),
  );

describe('several queries asked as one', () => {
  it('find what sorting all labels by their greatest score gives, each once', () => {
    fc.assert(
      fc.property(rowsOf(0, 60), rowsOf(1, 5), fc.nat(70), (vectors, queries, k) => {
        const all = Array.from({ length: countOf(vectors) }, (_, label) => ({
          label,
          score: greatest(queries, vectors, label),
        })).sort((a, b) => b.score - a.score || a.label - b.label);
        const search = (query: Float32Array) => exactSearch(vectors, DIMENSIONS, query, k);
        const { labels, scores } = searchEach(queries, DIMENSIONS, k, search);
        expect(labels).toEqual(all.slice(0, k).map(({ label }) => label));
        expect(scores).toEqual(all.slice(0, k).map(({ score }) => score));
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it('have exact scores once their labels are scored anew', () => {
    const vectors = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    const queries = Float32Array.of(1, 2, 0, 0, 0, 3);
    const found = new VectorRows(vectors, DIMENSIONS).rescored(queries, { labels: [0, 1, 2], scores: [9, 9, 9] });
    expect(found).toEqual({ labels: [2, 1, 0], scores: [3, 2, 1] });
  });

  it('are refused where they are no whole number of rows', () => {
    const search = () => ({ labels: [], scores: [] });
    expect(() => searchEach(new Float32Array(4), DIMENSIONS, 1, search)).toThrow('a query of 4');
    expect(() => searchEach(new Float32Array(0), DIMENSIONS, 1, search)).toThrow('a query of 0');
  });
});
