import { createRandom } from '@watchnext/learning';
import fc from 'fast-check';
import { searchAccepted } from './accepted-search';
import { AnnIndex } from './ann-index';
import { recallAtK } from './exact-search';
import { VectorRows, WHOLE } from './vector-rows';

const DIMENSIONS = 8;
const COUNT = 10_000;

function gaussianRows(count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count * DIMENSIONS }, () => random.gaussian());
}

const rows = new VectorRows(gaussianRows(COUNT, 1), DIMENSIONS);
const parameters = {
  space: 'augmented-l2',
  dimensions: DIMENSIONS,
  m: 8,
  efConstruction: 40,
  efSearch: 100,
  radius: rows.largestNorm,
  recallAt100: 0,
  shardCount: 1,
};
const index = AnnIndex.build(rows, parameters);
const shards = [0, 1].map((shard) => AnnIndex.build(rows, parameters, { shard, shardCount: 2 }));
const shardsOf = [0, 1].map((shard) => ({ shard, shardCount: 2 }));
const queryOf = (seed: number) => gaussianRows(1, seed);

describe('searching among what may be shown', () => {
  it('brings exactly as many as there are, none of them left out, best first', () => {
    const options = fc.record({
      k: fc.integer({ min: 1, max: 300 }),
      seed: fc.nat(1_000),
      /** The rule lets one label in so many through. */
      oneIn: fc.constantFrom(1, 2, 10, 97, 1_000, 10_007),
      offset: fc.nat(40),
      excludedBest: fc.nat(120),
    });
    const recalls: number[] = [];
    fc.assert(
      fc.property(options, fc.boolean(), ({ k, seed, oneIn, offset, excludedBest }, isSpread) => {
        const query = queryOf(seed);
        const excluded = new Set(rows.exactSearch(query, excludedBest).labels);
        const accepts = oneIn === 1 ? undefined : (label: number) => label % oneIn === offset;
        const search = { query, k, count: COUNT, excluded, accepts };
        const found = isSpread
          ? searchAccepted(shards, shardsOf, rows, search)
          : searchAccepted([index], [WHOLE], rows, search);
        const isAccepted = (label: number) => !excluded.has(label) && (accepts?.(label) ?? true);
        const exact = rows.exactSearch(query, k, { accepts: isAccepted });
        expect(found.labels).toHaveLength(exact.labels.length);
        expect(found.labels.every(isAccepted)).toBe(true);
        expect(new Set(found.labels).size).toBe(found.labels.length);
        expect(found.scores).toEqual(found.scores.toSorted((a, b) => b - a));
        if (found.method === 'exact') expect(found.labels).toEqual(exact.labels);
        else recalls.push(recallAtK(rows.rescored(query, found), exact, k));
      }),
      { seed: 3, numRuns: 60 },
    );
    expect(recalls.length).toBeGreaterThan(5);
    expect(recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length).toBeGreaterThan(0.8);
  });

  it('asks the graph where that costs less, and computes exactly where rules are strict', () => {
    const search = { query: queryOf(5), k: 10, count: COUNT, excluded: new Set<number>(), accepts: undefined };
    const method = (accepts?: (label: number) => boolean) =>
      searchAccepted([index], [WHOLE], rows, { ...search, accepts }).method;
    expect(method()).toBe('graph');
    expect(method((label) => label % 2 === 0)).toBe('graph');
    // An exact pass scores the accepted alone: a quarter of them is dear to it, a thirtieth is not.
    expect(method((label) => label % 4 === 0)).toBe('graph');
    expect(method((label) => label % 30 === 0)).toBe('exact');
    expect(method((label) => label % 50 === 0)).toBe('exact');
    expect(method(() => false)).toBe('exact');
    expect(searchAccepted([], [WHOLE], rows, search).method).toBe('exact');
  });

  it('asks the graph for more where a rule leaves out some of what is near the query, which no sample tells', () => {
    const query = queryOf(6);
    const near = new Set(rows.exactSearch(query, 60).labels);
    const accepts = (label: number) => !near.has(label);
    const found = searchAccepted([index], [WHOLE], rows, { query, k: 50, count: COUNT, excluded: new Set(), accepts });
    expect(found.method).toBe('graph');
    expect(found.labels).toHaveLength(50);
    expect(found.labels.every(accepts)).toBe(true);
  });

  it('falls back to the exact pass where a rule leaves out just what is near the query', () => {
    const query = queryOf(6);
    const near = new Set(rows.exactSearch(query, 1_500).labels);
    const found = searchAccepted([index], [WHOLE], rows, {
      query,
      k: 50,
      count: COUNT,
      excluded: new Set<number>(),
      accepts: (label) => !near.has(label),
    });
    expect(found.method).toBe('exact');
    expect(found.labels).toEqual(rows.exactSearch(query, 1_550).labels.slice(1_500));
  });
});
