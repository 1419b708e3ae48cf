/**
 * The ids of recent events, which make a producer's retry harmless: it has a new offset but the old id.
 *
 * An entry is (time inside the UUIDv7, hash of the id): a retry carries both unchanged, so a binary search finds it.
 *
 * What ages out: `refuse` lets nothing in that is older than 24 hours when received, so an id may be forgotten once
 * the stream has moved `LIMITS.seenWindowMs` past it. The stream's clock is the time at which the collector received
 * the event at hand, not the largest seen so far: history loaded after the fact (a backfill, received when it
 * occurred) then still finds its own retries beside it, though the user's live events are far ahead. The first live
 * event forgets the backfill's ids. Beyond 2,000 ids the oldest go first: a user with more events than that in a day
 * is no viewer.
 */
import type { Event, SeenEvent, UserState } from '@watchnext/contract';
import { hash53 } from './hash';
import { LIMITS } from './limits';
import { uuidV7TimeMs } from './uuid';

/** True if the event's id is new to the state, which then knows it; false for a duplicate. */
export function rememberEvent(state: UserState, event: Event): boolean {
  const seen = state.seenEvents;
  // Only events that `refuse` would not let in have another kind of id; they too get a fixed place.
  const atMs = uuidV7TimeMs(event.eventId) ?? event.occurredAtMs;
  const hash = hash53(event.eventId);

  const index = lowerBound(seen, atMs, hash);
  const found = seen[index];
  if (found !== undefined && found.atMs === atMs && found.hash === hash) return false;
  if (index === seen.length) seen.push({ atMs, hash });
  else seen.splice(index, 0, { atMs, hash });

  forgetBefore(seen, streamTimeMs(event) - LIMITS.seenWindowMs);
  return true;
}

function streamTimeMs({ backfill, occurredAtMs, receivedAtMs }: Event): number {
  return backfill ? occurredAtMs : receivedAtMs || occurredAtMs;
}

function forgetBefore(seen: SeenEvent[], beforeMs: number): void {
  let aged = Math.max(0, seen.length - LIMITS.seenEvents);
  while (aged < seen.length && seen[aged].atMs < beforeMs) aged++;
  if (aged === 1) seen.shift();
  else if (aged > 1) seen.splice(0, aged);
}

/** First index whose entry is not below (atMs, hash). */
function lowerBound(seen: readonly SeenEvent[], atMs: number, hash: number): number {
  let low = 0;
  let high = seen.length;
  // Events mostly come in order: then the place is the end.
  const last = seen[high - 1];
  if (last === undefined || last.atMs < atMs) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = seen[middle];
    if (entry.atMs < atMs || (entry.atMs === atMs && entry.hash < hash)) low = middle + 1;
    else high = middle;
  }
  return low;
}
