import type { RequestContext, UserState } from '@watchnext/contract';
import { candidateFeatures } from './candidate-features';
import { NO_SEARCHES, RANKING_USER_NUMBERS, rankingUserFeatures } from './ranking-features';
import { RANKING_VIDEO_NUMBERS, rankingVideoFeatures, rankingVideoFeaturesFor } from './ranking-video-features';
import { newState } from './state-codec';
import { SOME_TIME_MS, USER_ID, videoFacts } from './testing/event-builders';
import type { RankingCandidate } from './types';
import { HOUR_MS } from './time';

/** A Monday, noon. */
const NOW_MS = SOME_TIME_MS;
const CONTEXT: RequestContext = {
  requestedAtMs: NOW_MS,
  surface: 'home',
  country: '',
  device: 'tv',
  loggedIn: true,
  seedVideoId: 'seed',
};
const CANDIDATE: RankingCandidate = {
  videoId: 'v1',
  video: videoFacts({
    channelId: 'c',
    topics: ['music', 'dance', 'unknown'],
    durationSeconds: 200,
    uploadedAtMs: NOW_MS - 48 * HOUR_MS,
  }),
  source: 'fresh',
  sourceScore: 0.1,
};

const watch = (videoId: string, hoursAgo: number, watchSeconds: number, durationSeconds = 100) => ({
  videoId,
  startedAtMs: NOW_MS - hoursAgo * HOUR_MS,
  watchSeconds,
  durationSeconds,
  playbackHash: hoursAgo * 1000,
});
const affinity = (
  key: string,
  watchCount: number,
  watchSeconds: number,
  hoursAgo: number,
  impressionCount = 0,
  shownHoursAgo = hoursAgo,
) => ({
  key,
  watchCount,
  watchSeconds,
  lastWatchedAtMs: watchCount > 0 ? NOW_MS - hoursAgo * HOUR_MS : 0,
  impressionCount,
  lastShownAtMs: impressionCount > 0 ? NOW_MS - shownHoursAgo * HOUR_MS : 0,
});

const STATE: UserState = {
  ...newState(USER_ID),
  watches: [watch('v1', 30, 50), watch('v2', 5, 9), watch('v1', 4, 150), watch('v3', 2, 30, 0)],
  watchCount: 70,
  searches: [
    { tokens: ['cats', 'funny', 'cats funny'], searchedAtMs: NOW_MS - 25 * HOUR_MS },
    { tokens: ['cats', 'big', 'cats big'], searchedAtMs: NOW_MS - 3 * HOUR_MS },
  ],
  channels: [affinity('c', 4, 400, 4, 10)],
  topics: [affinity('cooking', 0, 0, 0, 30, 1), affinity('dance', 1, 30, 7, 20), affinity('music', 5, 90, 6, 10)],
  exposures: [
    { videoId: 'v1', impressionCount: 3, lastShownAtMs: NOW_MS - HOUR_MS },
    { videoId: 'v9', impressionCount: 1, lastShownAtMs: NOW_MS - 40 * HOUR_MS },
  ],
  dismissals: [{ videoId: 'v1', dismissedAtMs: NOW_MS - 2 * HOUR_MS }],
  profile: { country: 'FR', language: 'fr', ageYears: 33, gender: 2, blockedChannelIds: [] },
};

const named = (names: readonly string[], numbers: Float64Array) =>
  Object.fromEntries(names.map((name, i) => [name, numbers[i]]));
const userNumbers = (state: UserState, context = CONTEXT) =>
  named(RANKING_USER_NUMBERS, rankingUserFeatures(state, context).numbers);
const videoNumbers = (state: UserState, context = CONTEXT, candidate = CANDIDATE) =>
  named(RANKING_VIDEO_NUMBERS, rankingVideoFeatures(state, candidate, context).numbers);

describe('rankingUserFeatures', () => {
  it('sums up the recent past', () => {
    expect(userNumbers(STATE)).toEqual({
      hoursSinceLastWatch: 2,
      watchCount: 70,
      watchesLast24Hours: 3,
      meanRecentWatchSeconds: (50 + 9 + 150 + 30) / 4,
      meanRecentCompletion: (0.5 + 0.09 + 1) / 3,
      searchesLast24Hours: 1,
      hoursSinceLastSearch: 3,
      videosShownLast24Hours: 1,
      loggedIn: 1,
      ageYears: 33,
      hourOfDaySine: Math.sin(Math.PI),
      hourOfDayCosine: -1,
      dayOfWeekSine: Math.sin(Math.PI / 7),
      dayOfWeekCosine: Math.cos(Math.PI / 7),
    });
    expect(rankingUserFeatures(STATE, CONTEXT)).toMatchObject({
      lastWatchedVideoId: 'v3',
      seedVideoId: 'seed',
      surface: 'home',
      country: 'FR',
      device: 'tv',
    });
  });

  it('knows what was searched for before the request, in no order, and the newest search by itself', () => {
    const searchesAt = (requestedAtMs: number) => rankingUserFeatures(STATE, { ...CONTEXT, requestedAtMs }).searches;
    expect(searchesAt(NOW_MS)).toEqual({
      tokens: ['big', 'cats', 'cats big', 'cats funny', 'funny'],
      last: ['cats', 'big', 'cats big'],
    });
    // What a wrong clock dates at the request or after it is not there.
    const before = { tokens: ['cats', 'cats funny', 'funny'], last: ['cats', 'funny', 'cats funny'] };
    expect(searchesAt(NOW_MS - 3 * HOUR_MS)).toEqual(before);
    expect(searchesAt(NOW_MS - 25 * HOUR_MS)).toEqual({ tokens: [], last: [] });
    expect(rankingUserFeatures(STATE, CONTEXT, NO_SEARCHES).searches).toEqual({ tokens: [], last: [] });
  });

  it('has nothing to say of a stranger', () => {
    expect(userNumbers(newState('stranger'))).toMatchObject({
      hoursSinceLastWatch: NaN,
      watchCount: 0,
      watchesLast24Hours: 0,
      meanRecentWatchSeconds: NaN,
      meanRecentCompletion: NaN,
      hoursSinceLastSearch: NaN,
      ageYears: NaN,
    });
    expect(rankingUserFeatures(newState('stranger'), CONTEXT).lastWatchedVideoId).toBe('');
  });

  it('prefers the country of the request', () => {
    expect(rankingUserFeatures(STATE, { ...CONTEXT, country: 'DE' }).country).toBe('DE');
  });
});

/** Six watches of sixty showings, drawn to 0.2 by ten; five of ten of music and one of twenty of dance, to that by ten. */
const USER_RATE = (6 + 2) / (60 + 10);
const MUSIC_RATE = (5 + 10 * USER_RATE) / (10 + 10);
const MEAN_RATE = (MUSIC_RATE + (1 + 10 * USER_RATE) / (20 + 10) + USER_RATE) / 3;

describe('rankingVideoFeatures', () => {
  it('tells what the user had to do with the video, its channel and its topics', () => {
    expect(videoNumbers(STATE)).toEqual({
      durationSeconds: 200,
      hoursSinceUpload: 48,
      sourceScore: Math.fround(0.1),
      channelWatchCount: 4,
      channelWatchSeconds: 400,
      hoursSinceChannelWatch: 4,
      maximumTopicWatchCount: 5,
      meanTopicWatchCount: 2,
      maximumTopicWatchSeconds: 90,
      meanTopicWatchSeconds: 40,
      hoursSinceTopicWatch: 6,
      maximumTopicWatchRate: MUSIC_RATE,
      meanTopicWatchRate: MEAN_RATE,
      topicLift: MUSIC_RATE / USER_RATE,
      channelWatchRate: (4 + 10 * MEAN_RATE) / (10 + 10),
      maximumTopicWatchShare: 5 / (6 + 8),
      previousImpressionCount: 3,
      hoursSincePreviousImpression: 1,
      videoWatchCount: 2,
      hoursSinceVideoWatch: 4,
      lastVideoCompletion: 1,
      dismissed: 1,
      hoursSinceDismissal: 2,
    });
  });

  it('says 0 where nothing happened and NaN where nothing is known', () => {
    const numbers = videoNumbers(newState('stranger'));
    expect(numbers).toMatchObject({
      channelWatchCount: 0,
      maximumTopicWatchCount: 0,
      previousImpressionCount: 0,
      dismissed: 0,
    });
    expect(numbers).toMatchObject({
      hoursSinceChannelWatch: NaN,
      hoursSincePreviousImpression: NaN,
      lastVideoCompletion: NaN,
    });
    expect(numbers).toMatchObject({
      maximumTopicWatchRate: 0.2,
      topicLift: 1,
      channelWatchRate: expect.closeTo(0.2, 12),
      maximumTopicWatchShare: 0,
    });
    const bare = videoNumbers(STATE, CONTEXT, { videoId: 'v7', source: '', sourceScore: NaN });
    expect(bare).toMatchObject({
      durationSeconds: NaN,
      hoursSinceUpload: NaN,
      sourceScore: NaN,
      channelWatchCount: NaN,
    });
    expect(bare).toMatchObject({ topicLift: NaN, channelWatchRate: NaN, maximumTopicWatchShare: NaN });
    expect(bare).toMatchObject({ maximumTopicWatchCount: NaN, meanTopicWatchSeconds: NaN, hoursSinceTopicWatch: NaN });
  });

  it('does not take what was shown for what was watched', () => {
    const shownOnly = { ...newState(USER_ID), topics: [affinity('music', 0, 0, 0, 30, 1)] };
    expect(videoNumbers(shownOnly)).toMatchObject({
      maximumTopicWatchCount: 0,
      hoursSinceTopicWatch: NaN,
      maximumTopicWatchShare: 0,
    });
    expect(videoNumbers(shownOnly).topicLift).toBeLessThan(1.01);
  });

  it('is the same of a candidate alone as among many', () => {
    const known = ['v1', 'v2', 'v9', 'constructor', ''];
    const channels = ['c', 'other', ''];
    const topics = [['music', 'cooking'], ['dance'], ['toString'], []];
    for (const context of [CONTEXT, { ...CONTEXT, requestedAtMs: NOW_MS - 5 * HOUR_MS }]) {
      const amongMany = rankingVideoFeaturesFor(STATE, context, 500);
      known.forEach((videoId, i) => {
        const video = videoFacts({ channelId: channels[i % 3], topics: topics[i % 4] });
        const candidate = { ...CANDIDATE, videoId, video };
        expect(amongMany(candidate)).toEqual(rankingVideoFeatures(STATE, candidate, context));
      });
    }
  });

  it('goes to the array that is given, whatever was in it', () => {
    const numbers = new Float64Array(RANKING_VIDEO_NUMBERS.length);
    const featuresOf = rankingVideoFeaturesFor(STATE, CONTEXT, 1, () => numbers);
    const bare = { videoId: 'v7', source: '', sourceScore: NaN };
    for (const candidate of [CANDIDATE, bare, CANDIDATE]) {
      numbers.fill(-77);
      const features = featuresOf(candidate);
      expect(features.numbers).toBe(numbers);
      expect(features).toEqual(rankingVideoFeatures(STATE, candidate, CONTEXT));
    }
  });

  it('takes a video uploaded ahead of the clock for new', () => {
    const video = videoFacts({ uploadedAtMs: NOW_MS + HOUR_MS });
    expect(videoNumbers(STATE, CONTEXT, { ...CANDIDATE, video }).hoursSinceUpload).toBe(0);
  });
});

describe('both feature functions', () => {
  it('take nothing for a rate of which the showings are not known and the watches are', () => {
    const atOnce = (impressions: number) => ({
      ...newState(USER_ID),
      topics: [affinity('dance', 1, 60, 2, 30, 1), affinity('music', 200, 9_000, 2, impressions, 0)],
      channels: [affinity('c', 200, 9_000, 2, impressions, 0)],
    });
    // Shown at the request's very time, by a list that was asked for beside it, say.
    const numbers = videoNumbers(atOnce(1_000));
    expect(numbers).toEqual(videoNumbers(atOnce(5)));
    expect(numbers.maximumTopicWatchRate).toBeLessThan(1);
    expect(numbers.topicLift).toBeLessThan(2);
    expect(numbers.channelWatchRate).toBeLessThan(1);
    expect(numbers.maximumTopicWatchShare).toBeCloseTo(200 / (201 + 8), 12);
  });

  it('leave out whatever is dated at the request or after it', () => {
    const early = { ...CONTEXT, requestedAtMs: NOW_MS - 5 * HOUR_MS };
    expect(userNumbers(STATE, early)).toMatchObject({
      hoursSinceLastWatch: 25,
      watchCount: 67,
      meanRecentWatchSeconds: 50,
      searchesLast24Hours: 1,
      hoursSinceLastSearch: 20,
      videosShownLast24Hours: 0,
    });
    expect(videoNumbers(STATE, early)).toMatchObject({
      channelWatchCount: 0,
      hoursSinceChannelWatch: NaN,
      maximumTopicWatchCount: 5,
      // Dance and music were met before; cooking was shown since.
      maximumTopicWatchRate: (5 + 10 * (8 / 40)) / 20,
      channelWatchRate: ((5 + 2) / 20 + (1 + 2) / 30 + 0.2) / 3,
      previousImpressionCount: 0,
      videoWatchCount: 1,
      dismissed: 0,
      hoursSinceDismissal: NaN,
    });
    expect(candidateFeatures(STATE, early)).toMatchObject({
      watchedVideoIds: ['v1'],
      searchTokens: ['cats', 'cats funny', 'funny'],
    });
  });
});

describe('completed watches of before the newest 50 playbacks', () => {
  it('are of the history, and ranking does not see them', () => {
    const skips = Array.from({ length: 46 }, (_, i) => ({ ...watch('v4', 20, 2), playbackHash: i }));
    const [first, ...others] = STATE.watches;
    const recent = { ...STATE, watches: [first, ...skips, ...others] };
    const state = { ...recent, watches: [watch('v1', 50, 90), watch('v2', 49, 90), ...recent.watches] };
    expect(recent.watches).toHaveLength(50);
    for (const requestedAtMs of [NOW_MS, NOW_MS - 3 * HOUR_MS, NOW_MS - 40 * HOUR_MS]) {
      const context = { ...CONTEXT, requestedAtMs };
      expect(rankingUserFeatures(state, context)).toEqual(rankingUserFeatures(recent, context));
      for (const candidateCount of [1, 500]) {
        const [all, newest] = [state, recent].map((each) =>
          rankingVideoFeaturesFor(each, context, candidateCount)(CANDIDATE),
        );
        expect(all).toEqual(newest);
      }
    }
    expect(candidateFeatures(state, CONTEXT).watchedVideoIds).toEqual(['v1', 'v2', 'v1', 'v1', 'v3']);
  });
});

describe('candidateFeatures', () => {
  it('gives completed watches oldest first with repeats, and tokens without their order', () => {
    expect(candidateFeatures(STATE, CONTEXT)).toEqual({
      watchedVideoIds: ['v1', 'v1', 'v3'],
      searchTokens: ['big', 'cats', 'cats big', 'cats funny', 'funny'],
      country: 'FR',
      device: 'tv',
      loggedIn: true,
      ageYears: 33,
      gender: 2,
    });
  });

  it('gives the times of those watches where they are asked for', () => {
    const { watchedVideoIds, watchedAtMs } = candidateFeatures(STATE, CONTEXT, true);
    expect(watchedAtMs).toHaveLength(watchedVideoIds.length);
    watchedVideoIds.forEach((videoId, i) =>
      expect(STATE.watches.some((watch) => watch.videoId === videoId && watch.startedAtMs === watchedAtMs?.[i])).toBe(
        true,
      ),
    );
    expect(watchedAtMs).toEqual([...(watchedAtMs ?? [])].sort((a, b) => a - b));
  });
});
