import { UserState } from '@watchnext/contract';

/** The state of a user of whom nothing is known. */
export function newState(userId: string): UserState {
  return {
    userId,
    watches: [],
    searches: [],
    channels: [],
    topics: [],
    exposures: [],
    dismissals: [],
    profile: undefined,
    seenEvents: [],
    lastEventAtMs: 0,
    watchCount: 0,
    deleted: false,
  };
}

/**
 * Canonical bytes: states with the same content give the same bytes, since the reducer keeps every list sorted and
 * the generated encoder writes fields in the order of their numbers. A full state has 20 to 60 KB.
 */
export function encodeState(state: UserState): Uint8Array {
  return UserState.encode(state).finish();
}

/** @throws Error when the bytes are not an encoded `UserState` */
export function decodeState(bytes: Uint8Array): UserState {
  return UserState.decode(bytes);
}
