/** Events that the log has again, as after a producer's retry: what training does with them is done before the checks look. */
import { newState, rememberEvent } from '@watchnext/features';
import type { LoggedEvent } from './check';

export interface WithoutRepetitions {
  /** What counts. */
  readonly events: readonly LoggedEvent[];
  /** Dropped for their id: it is among those that the user's state remembers, or too old to be let in again. */
  readonly droppedCount: number;
  /** Among `events`: of a backfill that was sent again when the state had forgotten its ids. */
  readonly countedAgain: number;
}

/** @param logged of one user, in log order */
export function withoutRepetitions(userId: string, logged: readonly LoggedEvent[]): WithoutRepetitions {
  const state = newState(userId);
  const ids = new Set<string>();
  const events: LoggedEvent[] = [];
  let countedAgain = 0;
  for (const one of logged) {
    const { event } = one;
    const isNew = rememberEvent(state, event);
    const isRepeated = ids.has(event.eventId);
    // Of live events only the memory ends with a day: what is older is refused.
    if (isRepeated && !(isNew && event.backfill)) continue;
    if (isRepeated) countedAgain += 1;
    ids.add(event.eventId);
    events.push(one);
  }
  return { events, droppedCount: logged.length - events.length, countedAgain };
}
