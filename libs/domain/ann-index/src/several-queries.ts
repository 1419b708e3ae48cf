/** Several queries asked as one, as of a viewer with several interests: a label's score is the greatest of theirs. */
import { mergeResults, type SearchResult } from './exact-search';

/**
 * The k labels of greatest score, of those that `search` finds for each query: exact where it is, since a label that is
 * among the k best by its greatest score is among the k best of the query that gives it.
 * @param queries [count, dimensions], one after the other
 * @param search the k best of one query
 * @throws RangeError if the queries are no whole number of rows, or none
 */
export function searchEach<Result extends SearchResult>(
  queries: Float32Array,
  dimensions: number,
  k: number,
  search: (query: Float32Array) => Result,
): SearchResult & { readonly each: readonly Result[] } {
  const each = rowsOf(queries, dimensions).map(search);
  const [only] = each;
  if (only && each.length === 1) return { ...only, each };
  const merged = mergeResults(each, Infinity);
  const best = { labels: [] as number[], scores: [] as number[], each };
  const taken = new Set<number>();
  for (let i = 0; i < merged.labels.length && taken.size < k; i++) {
    const label = merged.labels[i]!;
    // Best first: where it comes up again its score is no greater.
    if (taken.has(label)) continue;
    taken.add(label);
    best.labels.push(label);
    best.scores.push(merged.scores[i]!);
  }
  return best;
}

/** @throws RangeError if the values are no whole number of rows, or none */
export function rowsOf(queries: Float32Array, dimensions: number): Float32Array[] {
  const count = queries.length / dimensions;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`a query of ${queries.length} does not fit vectors of ${dimensions} dimensions`);
  }
  return Array.from({ length: count }, (_, i) => queries.subarray(i * dimensions, (i + 1) * dimensions));
}
