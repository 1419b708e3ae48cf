/**
 * The reducer: all that a user's events do to the user's state.
 *
 * It changes the state in place (a copy per event costs fifty times the speed), has no clock and no I/O, and depends
 * on nothing but the state and the event. Between two events the state is canonical: every list sorted and within its
 * bound, so that equal contents encode to equal bytes. Times are the events' own: a late event goes to where it
 * belongs by `occurred_at_ms`. What has no time of its own in the state (the profile, the deletion) follows the log.
 */
import { type Event, Profile, type UserState, type Watch } from '@watchnext/contract';
import { foldChannel, foldShown, foldTopics } from './affinities';
import { foldDismissal, foldImpressions } from './exposures';
import { hash53 } from './hash';
import { LIMITS } from './limits';
import { foldHistory } from './merge';
import { foldSearch } from './searches';
import { rememberEvent } from './seen-events';
import { isNewState, newState } from './state-codec';
import { tokenize } from './tokenize';
import type { KnownOfEvent } from './types';
import { findPlayback, foldPlayback } from './watches';

/**
 * applied: folded in. duplicate: the id was known, nothing changed. ignored: the user is deleted; only the id is kept. unmet: an expiry
 * of a user who was there since, or of whom nothing is known; nothing changed.
 */
export type Outcome = 'applied' | 'duplicate' | 'ignored' | 'unmet';

/** The user an event belongs to; undefined for an event of the catalogue or without a body. */
export function userIdOf(event: Event): string | undefined {
  const value = event.body?.value;
  return value !== undefined && 'userId' in value ? value.userId : undefined;
}

/**
 * Folds one event, which `refuse` has let through, into the state.
 * @param known what whoever decoded the event has found of it
 * @throws Error when the event is not this user's: the caller has mixed up its states
 */
export function applyEvent(state: UserState, event: Event, known: KnownOfEvent = {}): Outcome {
  const { body } = event;
  if (body === undefined || userIdOf(event) !== state.userId) {
    throw new Error(`event ${event.eventId} (${body?.$case ?? 'no body'}) is not one of user ${state.userId}`);
  }
  // Its id is not remembered, as the id would be all that is kept of the user: its own condition makes a repetition harmless.
  if (body.$case === 'userExpired') return expireUser(state, body.value.idleSinceMs);
  if (!rememberEvent(state, event, known.seenEvent)) return 'duplicate';

  if (body.$case === 'userDeleted') {
    eraseUser(state);
    return 'applied';
  }
  if (state.deleted) {
    if (body.$case !== 'userUpserted') return 'ignored';
    state.deleted = false;
  }
  const atMs = event.occurredAtMs;
  if (atMs > state.lastEventAtMs) state.lastEventAtMs = atMs;

  switch (body.$case) {
    case 'watch':
      foldWatch(state, body.value, atMs);
      break;
    case 'impressionsServed':
      foldImpressions(state.exposures, body.value.items, atMs);
      foldShown(state.channels, state.topics, body.value.items, atMs);
      break;
    case 'search':
      foldSearch(state.searches, { tokens: tokenize(body.value.query), searchedAtMs: atMs });
      break;
    case 'dismissal':
      foldDismissal(state.dismissals, body.value.videoId, atMs);
      break;
    case 'userUpserted':
      // Even without details the user now has one: it is registered.
      state.profile = Profile.create(body.value.profile);
      break;
    case 'userMerged':
      if (body.value.history !== undefined) foldHistory(state, body.value.history);
      break;
    case 'impressionsViewed':
      // A confirmation for labels; exposures rose when the list was served.
      break;
  }
  return 'applied';
}

/** What the state knows of this playback so far; undefined where the event is the first, or the playback is older than what is kept. */
export function knownWatchSeconds({ watches }: UserState, { playbackId, videoId }: Watch): number | undefined {
  return watches[findPlayback(watches, hash53(playbackId), videoId)]?.watchSeconds;
}

function foldWatch(state: UserState, watch: Watch, atMs: number): void {
  const { videoId, positionSeconds, video: facts } = watch;
  const durationSeconds = facts?.durationSeconds ?? 0;
  const known = foldPlayback(state.watches, videoId, atMs, positionSeconds, durationSeconds, hash53(watch.playbackId));
  const isNew = known < 0;
  if (isNew && state.watchCount < LIMITS.total) state.watchCount++;
  if (facts === undefined) return;
  const previousSeconds = isNew ? 0 : known;
  const gain = { atMs, isNew, previousSeconds, watchSeconds: Math.max(previousSeconds, positionSeconds) };
  foldChannel(state.channels, facts.channelId, gain);
  foldTopics(state.topics, facts.topics, gain);
}

/**
 * When something last happened to the user, Unix milliseconds: by the events' own times, and by those of their ids, which are never
 * far from their receipt, whatever the clock of a device says.
 */
export function lastActiveMs({ lastEventAtMs, seenEvents }: UserState): number {
  return Math.max(lastEventAtMs, seenEvents.at(-1)?.atMs ?? 0);
}

/**
 * Nothing is left, the ids of events included: `refuse` lets an expiry in only when all ids of before `idleSinceMs` are too old to be
 * let in again.
 */
function expireUser(state: UserState, idleSinceMs: number): Outcome {
  if (state.deleted || isNewState(state) || lastActiveMs(state) >= idleSinceMs) return 'unmet';
  Object.assign(state, newState(state.userId));
  return 'applied';
}

/**
 * Leaves a tombstone. The hashes of recent event ids stay: without them a retry of the deletion, arriving after the
 * user came back, would delete the user again, and retries of erased events would bring them back.
 */
function eraseUser(state: UserState): void {
  const { userId, seenEvents } = state;
  Object.assign(state, newState(userId), { seenEvents, deleted: true });
}
