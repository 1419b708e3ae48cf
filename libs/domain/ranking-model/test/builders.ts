/** Examples for the specs of this library. */
import {
  NO_SEARCHES,
  RANKING_USER_NUMBERS,
  RANKING_VIDEO_NUMBERS,
  type RankingExample,
  type RankingUserFeatures,
  type RankingVideoFeatures,
} from '@watchnext/features';
import { defaultRankingConfig, type RankingModelConfig } from '../src';

type UserNumber = (typeof RANKING_USER_NUMBERS)[number];
type VideoNumber = (typeof RANKING_VIDEO_NUMBERS)[number];

export function userOf(
  more: Partial<RankingUserFeatures> & { values?: Partial<Record<UserNumber, number>> } = {},
): RankingUserFeatures {
  const { values = {}, ...rest } = more;
  return {
    userId: 'u',
    lastWatchedVideoId: '',
    seedVideoId: '',
    surface: 'home',
    country: '',
    device: 'phone',
    searches: NO_SEARCHES,
    numbers: Float64Array.from(RANKING_USER_NUMBERS, (name) => values[name] ?? NaN),
    ...rest,
  };
}

export function videoOf(
  more: Partial<RankingVideoFeatures> & { values?: Partial<Record<VideoNumber, number>> } = {},
): RankingVideoFeatures {
  const { values = {}, ...rest } = more;
  return {
    videoId: 'v',
    channelId: 'c',
    topics: [],
    source: 'retrieval',
    numbers: Float64Array.from(RANKING_VIDEO_NUMBERS, (name) => values[name] ?? NaN),
    ...rest,
  };
}

export function exampleOf(more: Partial<RankingExample> = {}): RankingExample {
  return {
    userId: 'u',
    requestId: 'r',
    pageId: '',
    impressionId: 'i',
    servedAtMs: 0,
    position: 0,
    user: userOf(),
    video: videoOf(),
    clicked: false,
    watchSeconds: 0,
    served: { snapshotId: '', score: undefined, featuresChecksum: undefined },
    ...more,
  };
}

/** A small tower that learns in a second on the reference engine. */
export function smallConfig(more: Partial<RankingModelConfig> = {}): RankingModelConfig {
  return {
    ...defaultRankingConfig({ exampleCount: 5000, videoCount: 50 }),
    hiddenSizes: [8],
    batchSize: 64,
    learningRate: 5e-3,
    ...more,
  };
}
