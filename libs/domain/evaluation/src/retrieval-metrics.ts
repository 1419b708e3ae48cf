import { UserRatio } from './user-ratio';

/** Where one query's relevant videos stood in a list over the whole catalogue. */
export interface RankedQuery {
  readonly userId: string;
  /** One per relevant video, 1 is best, ties sharing their places' mean; Infinity: the scorer never lists it. */
  readonly ranks: readonly number[];
}

export const RETRIEVAL_METRICS = ['recall', 'precision', 'hitRate', 'ndcg', 'map'] as const;
export type RetrievalMetric = (typeof RETRIEVAL_METRICS)[number];

/**
 * One query's metrics at k, from the ranks of its relevant videos. With R of them, h within the first k:
 *
 *   recall h/R,  precision h/k,  hit rate [h > 0],
 *   NDCG Σ 1/log2(rank + 1) over those within k, over the same sum for places 1 … min(R, k),
 *   average precision Σ (i / rank of the i-th best) over those within k, over min(R, k).
 *
 * With a single relevant video recall is the hit rate, precision is recall/k and average precision the reciprocal rank.
 *
 * @param ranks ascending, at least one
 */
function metricsAt(ranks: readonly number[], k: number): Record<RetrievalMetric, number> {
  const possible = Math.min(ranks.length, k);
  let hits = 0;
  let gain = 0;
  let precisions = 0;
  for (; hits < ranks.length && ranks[hits] <= k; hits += 1) {
    gain += 1 / Math.log2(ranks[hits] + 1);
    precisions += (hits + 1) / ranks[hits];
  }
  let ideal = 0;
  for (let place = 1; place <= possible; place += 1) ideal += 1 / Math.log2(place + 1);
  return {
    recall: hits / ranks.length,
    precision: hits / k,
    hitRate: hits > 0 ? 1 : 0,
    ndcg: gain / ideal,
    map: precisions / possible,
  };
}

/** By metric and k: means over queries, kept by user for the bootstrap. */
export type RetrievalMetrics = Readonly<Record<RetrievalMetric, ReadonlyMap<number, UserRatio>>>;

/** @throws RangeError for a k below 1 or a query with nothing relevant, which no metric is defined for */
export function retrievalMetrics(queries: readonly RankedQuery[], ks: readonly number[]): RetrievalMetrics {
  for (const k of ks)
    if (!(Number.isInteger(k) && k > 0)) throw new RangeError(`k is ${k}, it must be a positive integer`);
  const ratios = () => new Map(ks.map((k) => [k, new UserRatio()]));
  const metrics = { recall: ratios(), precision: ratios(), hitRate: ratios(), ndcg: ratios(), map: ratios() };
  for (const { userId, ranks } of queries) {
    if (ranks.length === 0) throw new RangeError(`a query of user ${userId} has nothing relevant`);
    const ascending = ranks.length === 1 ? ranks : [...ranks].sort((a, b) => a - b);
    for (const k of ks) {
      const values = metricsAt(ascending, k);
      for (const metric of RETRIEVAL_METRICS) metrics[metric].get(k)?.add(userId, values[metric], 1);
    }
  }
  return metrics;
}

/** Recall at every k from 1 to `longest`: the curve of a report. One query with several relevant videos counts once. */
export function recallCurve(queries: readonly RankedQuery[], longest: number): Float64Array {
  const curve = new Float64Array(longest);
  for (const { ranks } of queries) {
    for (const rank of ranks) {
      const from = Math.ceil(rank) - 1;
      if (from < longest) curve[from] += 1 / ranks.length / queries.length;
    }
  }
  for (let k = 1; k < longest; k += 1) curve[k] += curve[k - 1];
  return curve;
}
