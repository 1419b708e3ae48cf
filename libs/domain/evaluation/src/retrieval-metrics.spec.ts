import fc from 'fast-check';
import { recallCurve, type RetrievalMetric, retrievalMetrics } from './retrieval-metrics';

const K = 7;

/** A catalogue in a drawn order, and which of it is relevant. */
const lists = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 30 }).chain((ranked) =>
  fc.record({
    ranked: fc.constant(ranked),
    relevant: fc.subarray(ranked, { minLength: 1 }).map((items) => new Set(items)),
  }),
);

/** The same by what stands in the first k places, rather than by ranks. */
function metricsOfList(ranked: readonly number[], relevant: ReadonlySet<number>, k: number) {
  const hits = ranked.slice(0, k).map((item) => relevant.has(item));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const hitsWithin = (places: number) => hits.slice(0, places).filter(Boolean).length;
  const possible = Math.min(relevant.size, k);
  const gain = (_: unknown, index: number) => 1 / Math.log2(index + 2);
  return {
    recall: hitsWithin(k) / relevant.size,
    precision: hitsWithin(k) / k,
    hitRate: hits.includes(true) ? 1 : 0,
    ndcg: sum(hits.map((hit, index) => (hit ? gain(hit, index) : 0))) / sum(Array.from({ length: possible }, gain)),
    map: sum(hits.map((hit, index) => (hit ? hitsWithin(index + 1) / (index + 1) : 0))) / possible,
  };
}

describe('retrievalMetrics', () => {
  it('has the values worked out by hand', () => {
    // Of three relevant videos, one that is not listed.
    const metrics = retrievalMetrics([{ userId: 'u', ranks: [2, 4, Infinity] }], [1, 2, 4, 10]);
    const value = (metric: RetrievalMetric, k: number) => metrics[metric].get(k)?.value();
    expect([1, 2, 10].map((k) => value('recall', k))).toEqual([0, 1 / 3, 2 / 3]);
    expect([4, 10].map((k) => value('precision', k))).toEqual([0.5, 0.2]);
    expect([1, 2].map((k) => value('hitRate', k))).toEqual([0, 1]);
    expect(value('map', 10)).toBeCloseTo((1 / 2 + 2 / 4) / 3, 12);
    expect(value('ndcg', 4)).toBeCloseTo((1 / Math.log2(3) + 1 / Math.log2(5)) / (1 + 1 / Math.log2(3) + 1 / 2), 12);
  });

  it('has the reciprocal rank as the average precision of one relevant video, in a list of any length', () => {
    const queries = [1, 3, Infinity].map((rank) => ({ userId: 'u', ranks: [rank] }));
    const { map } = retrievalMetrics(queries, [Number.MAX_SAFE_INTEGER]);
    expect(map.get(Number.MAX_SAFE_INTEGER)?.value()).toBeCloseTo((1 + 1 / 3) / 3, 12);
  });

  it('equals the metrics of the list that the ranks stand for', () => {
    fc.assert(
      fc.property(lists, ({ ranked, relevant }) => {
        // In any order: a caller need not sort.
        const ranks = [...relevant].map((item) => ranked.indexOf(item) + 1);
        const metrics = retrievalMetrics([{ userId: 'u', ranks }], [K]);
        for (const [metric, expected] of Object.entries(metricsOfList(ranked, relevant, K)))
          expect(metrics[metric as RetrievalMetric].get(K)?.value()).toBeCloseTo(expected, 12);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('averages over queries, those that nobody lists among them', () => {
    const metrics = retrievalMetrics(
      [
        { userId: 'a', ranks: [2] },
        { userId: 'b', ranks: [Infinity] },
      ],
      [1, 2],
    );
    expect(metrics.recall.get(1)?.value()).toBe(0);
    expect(metrics.recall.get(2)?.value()).toBe(0.5);
    expect(metrics.map.get(2)?.value()).toBe(0.25);
    expect(metrics.precision.get(2)?.value()).toBe(0.25);
  });

  it('has no metric of a query without anything relevant, nor at k = 0', () => {
    expect(() => retrievalMetrics([{ userId: 'a', ranks: [] }], [1])).toThrow('nothing relevant');
    expect(() => retrievalMetrics([], [0])).toThrow('k is 0');
  });
});

describe('recallCurve', () => {
  it('is recall at each k', () => {
    const rank = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(Infinity), fc.constant(2.5));
    fc.assert(
      fc.property(fc.array(fc.array(rank, { minLength: 1, maxLength: 4 }), { minLength: 1 }), (ranks) => {
        const queries = ranks.map((of, index) => ({ userId: `u${index}`, ranks: of }));
        const curve = recallCurve(queries, 20);
        const { recall } = retrievalMetrics(queries, [1, 2, 3, 10, 20]);
        for (const [k, ratio] of recall) expect(curve[k - 1]).toBeCloseTo(ratio.value(), 10);
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});
