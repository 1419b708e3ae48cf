import { UserRatio } from './user-ratio';

/** Where the next watch stood in a list over the whole catalogue; Infinity where the scorer does not know the video. */
export interface NextWatchRank {
  readonly userId: string;
  /** 1 is best. */
  readonly rank: number;
}

export interface NextWatchMetrics {
  readonly queryCount: number;
  /** By k: share of next watches within the first k places, equal to the hit rate with one relevant video a query. */
  readonly recallAtK: ReadonlyMap<number, UserRatio>;
  /** With one relevant video a query, average precision is the reciprocal rank. */
  readonly meanAveragePrecision: UserRatio;
  /** By k: 1/log2(rank + 1) within the first k places, else 0. */
  readonly ndcgAtK: ReadonlyMap<number, UserRatio>;
}

/** Metrics of next-watch prediction from the rank of each held-out watch. */
export function nextWatchMetrics(ranks: readonly NextWatchRank[], ks: readonly number[]): NextWatchMetrics {
  const ratios = () => new Map(ks.map((k) => [k, new UserRatio()]));
  const recallAtK = ratios();
  const ndcgAtK = ratios();
  const meanAveragePrecision = new UserRatio();
  for (const { userId, rank } of ranks) {
    meanAveragePrecision.add(userId, 1 / rank, 1);
    for (const k of ks) {
      recallAtK.get(k)?.add(userId, rank <= k ? 1 : 0, 1);
      ndcgAtK.get(k)?.add(userId, rank <= k ? 1 / Math.log2(rank + 1) : 0, 1);
    }
  }
  return { queryCount: ranks.length, recallAtK, meanAveragePrecision, ndcgAtK };
}
