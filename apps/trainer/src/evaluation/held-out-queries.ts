import { isRewatch } from '@watchnext/candidate-model';
import { type CandidateExample, hash53 } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import type { TimeSplit } from '../pipeline/run-state';
import { rowsUntil } from './rows-until';

/** Held-out watches of one user that count, at most; the first ones, nearest to what training knew. */
const QUERIES_PER_USER = 5;

/** A held-out watch, and what was known just before it. */
export interface HeldOutQuery {
  readonly example: CandidateExample;
  /**
   * The history, left out of the lists. Serving leaves out more: every video of the state, also those that were begun and not
   * completed, which examples do not carry. So a list that is measured may hold such videos, and a label may be one.
   */
  readonly seenVideoIds: ReadonlySet<string>;
}

/** The held-out watches that candidates are measured on, rewatches among them. */
export function evaluatedWatches({
  candidateHeldOut,
  evaluatedToMs,
}: Pick<TimeSplit, 'candidateHeldOut' | 'evaluatedToMs'>): readonly CandidateExample[] {
  return rowsUntil(candidateHeldOut, evaluatedToMs, ({ labelAtMs }) => labelAtMs);
}

/** How much may be asked, before anything is drawn. */
export function askableCounts(heldOut: readonly CandidateExample[]): { userCount: number; queryCount: number } {
  const byUser = new Map<string, number>();
  for (const example of heldOut) {
    if (!isRewatch(example)) byUser.set(example.userId, (byUser.get(example.userId) ?? 0) + 1);
  }
  const queryCount = [...byUser.values()].reduce((sum, count) => sum + Math.min(count, QUERIES_PER_USER), 0);
  return { userCount: byUser.size, queryCount };
}

/**
 * Draws the queries to measure candidates with: all watches but rewatches, at most `QUERIES_PER_USER` of each of at most
 * `userLimit` users. Users have their places by a hash of their ids and the seed: when others come, those drawn before stay, but for
 * the ones whose places are taken. So the next run on the same days asks the same users.
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
    if (isRewatch(example)) {
      rewatchCount += 1;
      continue;
    }
    let queries = byUser.get(example.userId);
    if (!queries) byUser.set(example.userId, (queries = []));
    if (queries.length < QUERIES_PER_USER)
      queries.push({ example, seenVideoIds: new Set(example.features.watchedVideoIds) });
  }
  const seed = random.nextInt(2 ** 32);
  const places = new Map([...byUser.keys()].map((userId) => [userId, hash53(`${seed}:${userId}`)]));
  const byPlace = [...byUser].sort(([one], [other]) => places.get(one)! - places.get(other)! || (one < other ? -1 : 1));
  const drawn = byPlace.slice(0, userLimit);
  return { queries: drawn.flatMap(([, queries]) => queries), rewatchCount, userCount: drawn.length };
}
