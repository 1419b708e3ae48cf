/** What records make of one user's state. What throws is told of that user and record alone: the others of a batch are none the worse. */
import { Event } from '@watchnext/contract';
import type { LogRecord } from '@watchnext/event-log';
import { applyEvent, decodeState, encodeState, isNewState, newState } from '@watchnext/features';
import { addFeedback, type Feedback, noFeedback } from './feedback';

/** A sound event, and the record that it is of. */
export interface EventToFold {
  readonly userId: string;
  readonly event: Event;
  readonly record: LogRecord;
}

export interface FoldFailure {
  /** "state-unreadable": the stored bytes are no state; "does-not-fold": the reducer, or the state's encoding, does not survive the event. */
  readonly code: 'state-unreadable' | 'does-not-fold';
  readonly userId: string;
  readonly record: LogRecord;
  readonly cause: Error;
}

export interface FoldedUser {
  /** Encoded, with the events; undefined where nothing is known of the user, or nothing any more. */
  readonly state: Uint8Array | undefined;
  /** Whether it is another one than before. */
  readonly isChanged: boolean;
  /** Of events that `state` is without. */
  readonly failures: readonly FoldFailure[];
  /** What the user made of lists, by the events that `state` has. */
  readonly feedback: Feedback;
}

/**
 * @param before the encoded state; undefined where there is none
 * @param entries the user's, in log order
 */
export function foldUser(userId: string, before: Uint8Array | undefined, entries: readonly EventToFold[]): FoldedUser {
  const failures: FoldFailure[] = [];
  const fail = (code: FoldFailure['code'], { record }: EventToFold, cause: unknown) =>
    failures.push({ code, userId, record, cause: cause as Error });
  // Only where the state does not encode after all of them: it takes as long for each event as else for all.
  let encodesEach = false;
  for (let left = entries; ;) {
    let state;
    try {
      state = before ? decodeState(before) : newState(userId);
    } catch (error) {
      for (const entry of left) fail('state-unreadable', entry, error);
      return { state: before, isChanged: false, failures, feedback: noFeedback() };
    }
    let current: EventToFold | undefined;
    let areFolded = false;
    try {
      let isChanged = false;
      const feedback = noFeedback();
      for (current of left) {
        const { event } = current;
        const outcome = addFeedback(feedback, state, event, () => applyEvent(state, event));
        if (outcome !== 'duplicate' && outcome !== 'unmet') isChanged = true;
        if (encodesEach) encodeState(state);
      }
      areFolded = true;
      const after = !isChanged ? before : isNewState(state) ? undefined : encodeState(state);
      return { state: after, isChanged, failures, feedback };
    } catch (error) {
      // The first after which the state does not encode is guilty, wherever the batch ends.
      const guilty = areFolded && !encodesEach ? undefined : (current as EventToFold);
      if (guilty) fail('does-not-fold', guilty, error);
      else encodesEach = true;
      // From the beginning: the state is folded halfway, and may hold parts of these very events.
      left = left
        .filter((entry) => entry !== guilty)
        .map((entry) => ({ ...entry, event: Event.decode(entry.record.value) }));
    }
  }
}
