import fc from 'fast-check';
import { averagePrecision, hitRateAtK, ndcgAtK, precisionAtK, recallAtK } from './ranked-list';
import { recallCurve, retrievalMetrics } from './retrieval-metrics';

const K = 7;

/** A catalogue in a drawn order, and which of it is relevant. */
const lists = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 30 }).chain((ranked) =>
  fc.record({
    ranked: fc.constant(ranked),
    relevant: fc.subarray(ranked, { minLength: 1 }).map((items) => new Set(items)),
  }),
);

describe('retrievalMetrics', () => {
  it('equals the metrics of the list that the ranks stand for', () => {
    fc.assert(
      fc.property(lists, ({ ranked, relevant }) => {
        // In any order: a caller need not sort.
        const ranks = [...relevant].map((item) => ranked.indexOf(item) + 1);
        const metrics = retrievalMetrics([{ userId: 'u', ranks }], [K]);
        const value = (metric: keyof typeof metrics) => metrics[metric].get(K)?.value();
        expect(value('recall')).toBeCloseTo(recallAtK(ranked, relevant, K), 12);
        expect(value('precision')).toBeCloseTo(precisionAtK(ranked, relevant, K), 12);
        expect(value('hitRate')).toBe(hitRateAtK(ranked, relevant, K));
        expect(value('ndcg')).toBeCloseTo(ndcgAtK(ranked, relevant, K), 12);
        // Over all relevant ones there, over as many as fit into k here.
        const whole = averagePrecision(ranked.slice(0, K), relevant) * relevant.size;
        expect(value('map')).toBeCloseTo(whole / Math.min(relevant.size, K), 12);
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
