import type { RequestContext, UserState } from '@watchnext/contract';
import {
  candidateFeatures,
  decodeServingState,
  encodeState,
  newState,
  rankingUserFeatures,
  rankingVideoFeatures,
  viewerOf,
} from '@watchnext/features';
import { forRetrieval } from './for-models';

const NOW_MS = 1_790_000_000_000;
const affinity = (key: string) => ({
  key,
  watchCount: 3,
  watchSeconds: 90,
  lastWatchedAtMs: NOW_MS - 10,
  impressionCount: 9,
  lastShownAtMs: NOW_MS - 5,
});
/** Something of everything. */
const state: UserState = {
  ...newState('viewer'),
  watches: [{ videoId: 'v1', startedAtMs: NOW_MS - 100, watchSeconds: 80, durationSeconds: 90, playbackHash: 1 }],
  searches: [{ tokens: ['cats'], searchedAtMs: NOW_MS - 100 }],
  channels: [affinity('c')],
  topics: [affinity('t')],
  exposures: [{ videoId: 'v2', impressionCount: 2, lastShownAtMs: NOW_MS - 50 }],
  dismissals: [{ videoId: 'v3', dismissedAtMs: NOW_MS - 50 }],
  profile: { country: 'SE', language: 'sv', ageYears: 30, gender: 1, blockedChannelIds: ['b'] },
  seenEvents: [{ hash: 5, atMs: NOW_MS - 10 }],
  lastEventAtMs: NOW_MS - 10,
  watchCount: 12,
};
const context: RequestContext = {
  requestedAtMs: NOW_MS,
  surface: 'home',
  country: '',
  device: 'phone',
  loggedIn: true,
  seedVideoId: '',
};
const candidates = ['v1', 'v2', 'v3'].map((videoId) => ({
  videoId,
  video: { channelId: 'c', topics: ['t'], durationSeconds: 90, uploadedAtMs: NOW_MS - 1_000 },
  source: 'retrieval',
  sourceScore: 1,
}));

describe('a state as the models are sent it', () => {
  const served = decodeServingState(encodeState(state));

  it('gives retrieval the features, exclusions and limits that the whole state gives', () => {
    const sent = forRetrieval(served);
    expect(candidateFeatures(sent, context)).toEqual(candidateFeatures(state, context));
    expect(viewerOf(sent, context)).toEqual(viewerOf(state, context));
    expect([sent.watches, sent.dismissals, sent.profile]).toEqual([state.watches, state.dismissals, state.profile]);
  });

  it('gives ranking the features that the whole state gives', () => {
    expect(rankingUserFeatures(served, context)).toEqual(rankingUserFeatures(state, context));
    for (const candidate of candidates) {
      expect(rankingVideoFeatures(served, candidate, context)).toEqual(rankingVideoFeatures(state, candidate, context));
    }
    expect(served.seenEvents).toEqual([]);
  });
});
