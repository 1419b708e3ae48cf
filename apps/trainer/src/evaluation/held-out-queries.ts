import type { CandidateExample } from '@watchnext/features';
import { type Random, shuffle } from '@watchnext/learning';

/** Held-out watches of one user that count, at most; the first ones, nearest to what training knew. */
const QUERIES_PER_USER = 5;

/** A held-out watch, and what was known just before it. */
export interface HeldOutQuery {
  readonly example: CandidateExample;
  /** The history: left out of the lists, as serving leaves it out. */
  readonly seenVideoIds: ReadonlySet<string>;
}

/**
 * Draws the queries to measure candidates with: all watches but rewatches (serving leaves those out), at most
 * `QUERIES_PER_USER` of each of at most `userLimit` users.
 */
export function drawQueries(
  heldOut: readonly CandidateExample[],
  userLimit: number,
  random: Random,
): { queries: HeldOutQuery[]; rewatchCount: number; userCount: number } {
  const byUser = new Map<string, HeldOutQuery[]>();
  let rewatchCount = 0;
  const inTime = [...heldOut].sort((a, b) => a.labelAtMs - b.labelAtMs);
  for (const example of inTime) {
    const seenVideoIds = new Set(example.features.watchedVideoIds);
    if (seenVideoIds.has(example.labelVideoId)) {
      rewatchCount += 1;
      continue;
    }
    let queries = byUser.get(example.userId);
    if (!queries) byUser.set(example.userId, (queries = []));
    if (queries.length < QUERIES_PER_USER) queries.push({ example, seenVideoIds });
  }
  // Sorted before it is shuffled: the draw must not depend on the order of the archive's partitions.
  const userIds = [...byUser.keys()].sort();
  const order = Int32Array.from(userIds.keys());
  shuffle(order, random);
  const drawn = [...order.subarray(0, userLimit)].flatMap((index) => byUser.get(userIds[index]) ?? []);
  return { queries: drawn, rewatchCount, userCount: Math.min(userIds.length, userLimit) };
}
