/** A state as each model is sent it: without what it does not look at, which would be encoded, sent, decoded and checked. */
import type { UserState } from '@watchnext/contract';

/** Without the ids of recent events, which are most of its bytes and which no feature looks at. */
export function forRanking(state: UserState): UserState {
  return { ...state, seenEvents: [] };
}

/** Also without counts by channel, topic and video: two thirds of the rest. */
export function forRetrieval(state: UserState): UserState {
  return { ...state, seenEvents: [], exposures: [], channels: [], topics: [] };
}
