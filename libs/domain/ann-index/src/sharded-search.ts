/**
 * The k best of an index that is spread over shards. Each shard is asked for its likely share of them, since what a search
 * costs grows with what it brings; where a share may not have been enough, that shard is asked again, for all k.
 */
import type { AnnIndex } from './ann-index';
import { type Accepts, mergeResults, type SearchResult } from './exact-search';

/**
 * Standard deviations above its mean. Labels are dealt to shards in turn, so how many of the k best one holds is
 * hypergeometric where labels say nothing of vectors: above this about once in 30,000 queries, which then cost more.
 */
const DEVIATIONS = 4;

/** How many of the k best of all rows are likely at most among those of a part that holds this share of the rows. */
export function likelyShare(k: number, share: number): number {
  // A binomial's deviation, which is the hypergeometric's upper bound.
  return Math.min(k, Math.ceil(k * share + DEVIATIONS * Math.sqrt(k * share * (1 - share))));
}

/**
 * Whether a part that was asked for less than all k may hold more of the k best.
 * @param worst the score below which the part was not asked; -Infinity where it gave all that it has
 */
export function mayHoldMore(worst: number, merged: SearchResult, k: number): boolean {
  return worst > (merged.labels.length < k ? -Infinity : merged.scores[k - 1]!);
}

/** The score below which nobody knows what a part holds, of which `asked` were wanted. */
export function worstOf({ scores }: SearchResult, asked: number): number {
  return scores.length < asked ? -Infinity : (scores.at(-1) ?? -Infinity);
}

export interface ShardedSearchOptions {
  readonly k: number;
  /** How many the graphs are to bring between them, so that k remain of those accepted; k by default. */
  readonly asked?: number;
  /** Whether a label that a graph brought counts; all do by default. */
  readonly accepts?: Accepts;
}

/** @returns about the k best accepted of these shards, with the graphs' scores; fewer where they bring fewer */
export function searchShards(
  shards: readonly AnnIndex[],
  query: Float32Array,
  { k, asked = k, accepts }: ShardedSearchOptions,
): SearchResult {
  const ask = (shard: AnnIndex, wanted: number) => {
    const found = shard.search(query, wanted);
    return { shard, wanted, worst: worstOf(found, wanted), kept: accepts ? keep(found, accepts) : found };
  };
  const merge = (parts: readonly { kept: SearchResult }[]) =>
    mergeResults(
      parts.map(({ kept }) => kept),
      k,
    );
  const share = likelyShare(asked, 1 / shards.length);
  const parts = shards.map((shard) => ask(shard, share));
  const merged = merge(parts);
  if (share === asked || !parts.some(({ worst }) => mayHoldMore(worst, merged, k))) return merged;
  return merge(parts.map((part) => (mayHoldMore(part.worst, merged, k) ? ask(part.shard, asked) : part)));
}

function keep({ labels, scores }: SearchResult, accepts: Accepts): SearchResult {
  const kept = { labels: [] as number[], scores: [] as number[] };
  for (let i = 0; i < labels.length; i++) {
    if (!accepts(labels[i]!)) continue;
    kept.labels.push(labels[i]!);
    kept.scores.push(scores[i]!);
  }
  return kept;
}
