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
  const waiting = ranked.map((candidate, rank) => ({ candidate, rank }));
  const placed: PlacedItem[] = [];
  let counts = new CapCounts(caps);
  /** The cap that last held an item back: whoever is elsewhere than its rank says is so for that. */
  let cause: CapRule = 'channel-cap';
  while (placed.length < limit && waiting.length > 0) {
    const position = placed.length;
    if (position % PAGE_OF_PLACES === 0) counts = new CapCounts(caps);
    const choice = choose(waiting, counts);
    if (choice.index > 0) cause = counts.brokenBy(waiting[0]!.candidate) ?? cause;
    const [{ candidate, rank }] = waiting.splice(choice.index, 1) as [(typeof waiting)[number]];
    counts.add(candidate);
    const rule: RuleTrace['rule'] | undefined = choice.relaxed
      ? `${choice.relaxed}-relaxed`
      : rank === position
        ? undefined
        : cause;
    const rules = rule === undefined ? [] : [{ rule, fromRank: rank, toPosition: position }];
    placed.push({ ...candidate, position, propensity: 1, rules });
  }
  return placed;
}

/** The first that breaks no cap; else the first that breaks only the topics'; else the first. */
function choose(
  waiting: readonly { readonly candidate: RankedCandidate }[],
  counts: CapCounts,
): { index: number; relaxed?: CapRule } {
  const indexWhere = (wanted: CapRule | undefined) =>
    waiting.findIndex(({ candidate }) => counts.brokenBy(candidate) === wanted);
  const within = indexWhere(undefined);
  if (within >= 0) return { index: within };
  const ofTopic = indexWhere('topic-cap');
  return ofTopic >= 0 ? { index: ofTopic, relaxed: 'topic-cap' } : { index: 0, relaxed: 'channel-cap' };
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
