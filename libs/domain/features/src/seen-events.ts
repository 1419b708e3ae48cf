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
import { hash53, hash53OfAscii } from './hash';
import { LIMITS } from './limits';
import { uuidV7TimeMs, uuidV7TimeMsIn } from './uuid';

/**
 * True if the event's id is new to the state, which then knows it; false for a duplicate.
 * @param entry as `seenEventOf` gives it; it is kept
 */
export function rememberEvent(state: UserState, event: Event, entry = seenEventOf(event)): boolean {
  const seen = state.seenEvents;
  const index = lowerBound(seen, entry);
  const found = seen[index];
  if (found !== undefined && found.atMs === entry.atMs && found.hash === entry.hash) return false;
  if (index === seen.length) seen.push(entry);
  else seen.splice(index, 0, entry);

  forgetBefore(seen, forgottenBeforeMs(event));
  return true;
}

/** The time by which a state remembers that it knows the event. */
export const rememberedAtMs = (event: Event): number => seenEventOf(event).atMs;

/** A state that folds the event forgets those that it remembers by an earlier time: one of them that comes again would count again. */
export const forgottenBeforeMs = (event: Event): number => streamTimeMs(event) - LIMITS.seenWindowMs;

/** What is remembered of an event. */
function seenEventOf({ eventId, occurredAtMs }: Event): SeenEvent {
  // Only events that `refuse` would not let in have another kind of id; they too get a fixed place.
  return { atMs: uuidV7TimeMs(eventId) ?? occurredAtMs, hash: hash53(eventId) };
}

/** Of an id that lies in bytes, hashed when it is asked for: of two that have one time, and of those that a final state still remembers. */
class SeenInBytes implements SeenEvent {
  constructor(
    readonly atMs: number,
    private readonly bytes: Uint8Array,
    private readonly from: number,
    private readonly to: number,
  ) {}

  get hash(): number {
    return hash53OfAscii(this.bytes, this.from, this.to);
  }
}

/**
 * What is remembered of an event whose id lies in bytes [from, to), which must stay what they are; undefined unless that is as
 * `refuse` wants it.
 */
export function seenEventIn(bytes: Uint8Array, from: number, to: number): SeenEvent | undefined {
  const atMs = uuidV7TimeMsIn(bytes, from, to);
  return atMs === undefined ? undefined : new SeenInBytes(atMs, bytes, from, to);
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

/** First index whose entry is not below `wanted`. */
function lowerBound(seen: readonly SeenEvent[], wanted: SeenEvent): number {
  const { atMs } = wanted;
  let low = 0;
  let high = seen.length;
  // Events mostly come in order: then the place is the end.
  const last = seen[high - 1];
  if (last === undefined || last.atMs < atMs) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = seen[middle];
    if (entry.atMs < atMs || (entry.atMs === atMs && entry.hash < wanted.hash)) low = middle + 1;
    else high = middle;
  }
  return low;
}
