/**
 * Puts ranked candidates into places so that no channel fills a page: at most `channelCap` of one channel in each run
 * of ten places. Where the other channels do not suffice, the cap gives way rather than leave places empty, and the
 * item says so. A video without a channel is bound by no cap.
 */
import type { PlacedItem, RankedCandidate, RuleTrace } from '../pipeline/draft';

/** Places over which the cap counts: the default page. */
export const PAGE_OF_PLACES = 10;

/**
 * @param ranked best first
 * @returns at most `limit` items; each candidate at most once; items of one channel in the order given
 */
export function placeDiversely(ranked: readonly RankedCandidate[], limit: number, channelCap: number): PlacedItem[] {
  const waiting = ranked.map((candidate, rank) => ({ candidate, rank }));
  const placed: PlacedItem[] = [];
  let perChannel = new Map<string, number>();
  while (placed.length < limit && waiting.length > 0) {
    const position = placed.length;
    if (position % PAGE_OF_PLACES === 0) perChannel = new Map();
    const within = waiting.findIndex(({ candidate }) => {
      const { channelId } = candidate.video.facts;
      return channelId === '' || (perChannel.get(channelId) ?? 0) < channelCap;
    });
    const relaxed = within < 0;
    const [{ candidate, rank }] = waiting.splice(relaxed ? 0 : within, 1) as [
      { candidate: RankedCandidate; rank: number },
    ];
    const { channelId } = candidate.video.facts;
    if (channelId !== '') perChannel.set(channelId, (perChannel.get(channelId) ?? 0) + 1);
    const rules: RuleTrace[] = [];
    if (relaxed) rules.push({ rule: 'channel-cap-relaxed', fromRank: rank, toPosition: position });
    else if (rank !== position) rules.push({ rule: 'channel-cap', fromRank: rank, toPosition: position });
    placed.push({ ...candidate, position, propensity: 1, rules });
  }
  return placed;
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
