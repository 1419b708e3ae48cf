/** A state as retrieval is sent it: without what it does not look at, which would be encoded, sent, decoded and checked. */
import type { UserState } from '@watchnext/contract';

/** Ranking looks at all that was read; retrieval at no counts by channel, topic and video, which are two thirds of it. */
export function forRetrieval(state: UserState): UserState {
  return { ...state, exposures: [], channels: [], topics: [] };
}
