import type { UserState } from '@watchnext/contract';

/** The state without the ids of recent events, which are most of its bytes and which no feature looks at. */
export function forModels(state: UserState): UserState {
  return { ...state, seenEvents: [] };
}
