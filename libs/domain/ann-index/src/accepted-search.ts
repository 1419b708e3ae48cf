/**
 * The k best of the vectors that a request may be shown, by whichever way costs least: a broader search of the graph
 * whose surplus makes up for what is left out, or an exact pass over the accepted. However strict the filters are,
 * nothing is lost: where the graph brings too few, and more of it does too, the exact pass answers.
 */
import type { AnnIndex } from './ann-index';
import { type Accepts, mergeResults, type SearchResult } from './exact-search';
import { searchShards } from './sharded-search';
import { type ShardOf, shardSize, type VectorRows } from './vector-rows';

export interface AcceptedSearchOptions {
  readonly query: Float32Array;
  readonly k: number;
  /** Labels in use: base rows and those added. */
  readonly count: number;
  /** Left out by name, as what was watched: likely near the top, so the graph is asked for as many more. */
  readonly excluded: ReadonlySet<number>;
  /** Left out by a rule, as of a blocked channel; undefined where no rule applies to this request. */
  readonly accepts: Accepts | undefined;
}

export interface AcceptedSearchResult extends SearchResult {
  /** How it was found. */
  readonly method: 'graph' | 'exact';
}

/** Labels looked at for the share that a rule accepts: known to a few points, at the price of a microsecond or two. */
const SAMPLED_LABELS = 256;
const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;
/** The surplus asked for beyond what the share makes necessary, since it differs near the query, and is only known to a few points. */
const SURPLUS = 1.25;
/** So many times as many are asked for once more where too few are left: an exact pass over a million takes a hundred times as long. */
const SECOND_SURPLUS = 3;
/**
 * A vector that a search of the graph returns costs as much as so many that an exact pass scores, and as so many that it only
 * asks the rules about: a random walk through memory against a straight one. From `npm run bench -- index` at 200,000 × 64 and M 16:
 * 1.6 µs, 80 ns and 5 ns.
 */
const SCORED_ROWS_PER_FOUND = 20;
const CHECKED_ROWS_PER_FOUND = 320;

/**
 * @param shards the graphs of this thread, one for each of `shardsOf`; none where the snapshot has no index: then exact
 * @returns min(k, accepted) results of these shards, best first
 */
export function searchAccepted(
  shards: readonly AnnIndex[],
  shardsOf: readonly ShardOf[],
  rows: VectorRows,
  { query, k, count, excluded, accepts }: AcceptedSearchOptions,
): AcceptedSearchResult {
  const isAccepted: Accepts = (label) => !excluded.has(label) && (accepts === undefined || accepts(label));
  const exact = (): AcceptedSearchResult => {
    const results = shardsOf.map((shardOf) => rows.exactSearch(query, k, { count, accepts: isAccepted, shardOf }));
    return { ...mergeResults(results, k), method: 'exact' };
  };
  const held = shards.reduce((sum, shard) => sum + shard.count, 0);
  if (held === 0) return exact();
  const share = accepts === undefined ? 1 : shareAccepted(accepts, shardsOf, count);
  const filter = accepts === undefined && excluded.size === 0 ? {} : { accepts: isAccepted };
  const asked = Math.ceil((k / share) * (accepts === undefined ? 1 : SURPLUS)) + excluded.size;
  const worthwhile = held * (share / SCORED_ROWS_PER_FOUND + 1 / CHECKED_ROWS_PER_FOUND);
  for (const wanted of [asked, SECOND_SURPLUS * asked]) {
    if (wanted > worthwhile) break;
    const found = searchShards(shards, query, { k, asked: wanted, ...filter });
    if (found.labels.length === k) return { ...found, method: 'graph' };
  }
  return exact();
}

/** The share of evenly drawn labels that the rule accepts; half a label's worth where it accepts none of them. */
function shareAccepted(accepts: Accepts, shardsOf: readonly ShardOf[], count: number): number {
  let sampled = 0;
  let accepted = 0;
  for (const shardOf of shardsOf) {
    const size = shardSize(shardOf, count);
    for (let i = 0; i < Math.min(size, SAMPLED_LABELS); i++) {
      // Multiples of the golden ratio lie evenly and, unlike a stride, in step with no pattern of the labels.
      const place = Math.floor(((i * GOLDEN_RATIO) % 1) * size);
      sampled++;
      if (accepts(shardOf.shard + place * shardOf.shardCount)) accepted++;
    }
  }
  return sampled === 0 ? 1 : Math.max(accepted, 0.5) / sampled;
}
