/**
 * Puts ranked candidates into places so that no channel and no topic fills a page: at most `channelCap` and `topicCap` of one
 * in each run of ten places. Where the others do not suffice, the topics' cap gives way, then the channels', rather than leave
 * places empty, and the item says so.
 */
import type { PlacedItem, RankedCandidate, RuleTrace } from '../pipeline/draft';
import { CapCounts, type CapRule, type Caps, PAGE_OF_PLACES } from './caps';

/**
 * @param ranked best first
 * @returns at most `limit` items; each candidate at most once; items of one channel in the order given, unless topics are capped
 */
export function placeDiversely(ranked: readonly RankedCandidate[], limit: number, caps: Caps): PlacedItem[] {
  const placed: PlacedItem[] = [];
  const takenRanks = new Set<number>();
  let counts = new CapCounts(caps);
  /** The cap that last held an item back: whoever is elsewhere than its rank says is so for that. */
  let cause: CapRule = 'channel-cap';
  /** The best rank that waits for a place. */
  let first = 0;
  while (placed.length < limit && placed.length < ranked.length) {
    const position = placed.length;
    while (takenRanks.has(first)) first++;
    if (position % PAGE_OF_PLACES === 0) counts = new CapCounts(caps);
    const { rank, relaxed } = choose(ranked, first, takenRanks, counts);
    if (rank > first) cause = counts.brokenBy(ranked[first]!) ?? cause;
    const candidate = ranked[rank]!;
    takenRanks.add(rank);
    counts.add(candidate);
    const rule: RuleTrace['rule'] | undefined = relaxed ? `${relaxed}-relaxed` : rank === position ? undefined : cause;
    const rules = rule === undefined ? [] : [{ rule, fromRank: rank, toPosition: position }];
    placed.push({ ...candidate, position, propensity: 1, rules });
  }
  return placed;
}

/** Of the ranks from `first` on that wait: the first that breaks no cap; else the first that breaks only the topics'; else the first. */
function choose(
  ranked: readonly RankedCandidate[],
  first: number,
  takenRanks: ReadonlySet<number>,
  counts: CapCounts,
): { rank: number; relaxed?: CapRule } {
  let ofTopic: number | undefined;
  for (let rank = first; rank < ranked.length; rank++) {
    if (takenRanks.has(rank)) continue;
    const broken = counts.brokenBy(ranked[rank]!);
    if (broken === undefined) return { rank };
    if (broken === 'topic-cap') ofTopic ??= rank;
  }
  return ofTopic === undefined ? { rank: first, relaxed: 'channel-cap' } : { rank: ofTopic, relaxed: 'topic-cap' };
}

/**
 * The order without a ranker: by source, most telling first, and within a source by its own score. With retrieval's
 * candidates present this is the order of retrieval scores.
 */
export function bySourceScore(sourceOrder: readonly string[]) {
  const precedence = new Map(sourceOrder.map((source, index) => [source, index]));
  return (a: RankedCandidate, b: RankedCandidate): number => {
    const [first, second] = [a.sources[0]!, b.sources[0]!];
    return precedence.get(first.source)! - precedence.get(second.source)! || second.score - first.score;
  };
}

/** The order by expected watch seconds; ties keep the blend's order. */
export function byExpectedWatchSeconds(a: RankedCandidate, b: RankedCandidate): number {
  return (b.score ?? -Infinity) - (a.score ?? -Infinity);
}
