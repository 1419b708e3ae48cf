/** A ranker of the paper's largest serving size with random weights, and requests as the gateway sends them. */
import type { RankCandidate, RankRequest, UserState } from '@watchnext/contract';
import { EVERYWHERE, newState, type Statistics, statisticsFrom, type StatisticsTables } from '@watchnext/features';
import { createRandom, type Random } from '@watchnext/learning';
import type { RankingModel } from '@watchnext/ranking-model';
import { sizedRanker } from './sized-ranker';

export const HIDDEN_SIZES = [1024, 512, 256];
/** Chosen so that a row has about 400 values beside its numbers. */
const DIMENSIONS: Record<string, number> = {
  videos: 80,
  channels: 48,
  topics: 36,
  surfaces: 8,
  sources: 8,
  countries: 8,
  devices: 8,
};
const NOW_MS = 1_790_000_000_000;

export interface LargeRanker {
  readonly model: RankingModel;
  readonly statistics: Statistics;
  /** What `statistics` looks up. */
  readonly tables: StatisticsTables;
  request(seed: number, candidateCount: number): RankRequest;
}

export async function largeRanker(videoCount: number, seed: number): Promise<LargeRanker> {
  const random = createRandom(seed);
  const channelCount = Math.ceil(videoCount / 20);
  const videoIds = Array.from({ length: videoCount }, (_, i) => `video-${i}`);
  const channelIds = Array.from({ length: channelCount }, (_, i) => `channel-${i}`);
  const topicIds = Array.from({ length: 200 }, (_, i) => `topic-${i}`);
  const model = await sizedRanker({
    vocabularies: { videos: videoIds, channels: channelIds, topics: topicIds },
    dimensionsOf: (table) => DIMENSIONS[table]!,
    hiddenSizes: HIDDEN_SIZES,
    nowMs: NOW_MS,
    random,
    seed,
  });
  const counts = (ids: readonly string[]) =>
    Object.fromEntries(
      ids.map((id) => [
        id,
        { impressionCount: 50 + random.nextInt(500), clickCount: 20, clickWatchSeconds: 900, watchCount: 40 },
      ]),
    );
  const tables = {
    videos: counts(videoIds),
    channels: counts(channelIds),
    topics: counts(topicIds),
    surfaces: { home: counts(videoIds) },
    countries: { DE: counts(channelIds) },
    wholeCountries: counts(['DE', EVERYWHERE]),
  };
  const facts = (video: number) => ({
    channelId: channelIds[video % channelCount]!,
    topics: [0, 1, 2].map((i) => topicIds[(video * 7 + i * 31) % topicIds.length]!),
    durationSeconds: 30 + (video % 900),
    uploadedAtMs: NOW_MS - 3_600_000 * (1 + (video % 2_000)),
  });
  return {
    model,
    statistics: statisticsFrom(tables),
    tables,
    request(requestSeed, candidateCount) {
      const draw = createRandom(requestSeed);
      return {
        state: fullState(draw, videoIds, channelIds, topicIds),
        context: {
          requestedAtMs: NOW_MS,
          surface: 'home',
          country: 'SE',
          device: 'phone',
          loggedIn: true,
          seedVideoId: '',
        },
        candidates: Array.from({ length: candidateCount }, (): RankCandidate => {
          const video = draw.nextInt(videoCount);
          return { videoId: videoIds[video]!, video: facts(video), source: 'retrieval', sourceScore: draw.next() };
        }),
        snapshotId: '',
        explain: false,
        checksumCount: 0,
      };
    },
  };
}

/** As full as states get: 50 completed watches and 50 skips since, 50 searches, 100 channels and topics, 300 videos shown. */
function fullState(
  random: Random,
  videoIds: readonly string[],
  channelIds: readonly string[],
  topicIds: readonly string[],
): UserState {
  const pick = <T>(from: readonly T[]) => from[random.nextInt(from.length)]!;
  const sorted = <T>(entries: readonly T[], key: (entry: T) => string) =>
    [...new Map(entries.map((entry) => [key(entry), entry])).entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]) => entry);
  const affinities = (ids: readonly string[]) =>
    sorted(
      Array.from({ length: 100 }, () => ({
        key: pick(ids),
        watchCount: 1 + random.nextInt(20),
        watchSeconds: random.next() * 1_000,
        lastWatchedAtMs: NOW_MS - 1_000_000 - random.nextInt(1_000_000),
        impressionCount: 20 + random.nextInt(100),
        lastShownAtMs: NOW_MS - 5_000,
      })),
      ({ key }) => key,
    );
  return {
    ...newState('viewer'),
    watches: Array.from({ length: 100 }, (_, i) => ({
      videoId: pick(videoIds),
      startedAtMs: NOW_MS - 10_000_000 + i * 1_000,
      watchSeconds: i < 50 ? 60 : 5,
      durationSeconds: 90,
      playbackHash: i,
    })),
    searches: Array.from({ length: 50 }, (_, i) => ({
      tokens: ['cats', 'dogs'],
      searchedAtMs: NOW_MS - 10_000_000 + i,
    })),
    channels: affinities(channelIds),
    topics: affinities(topicIds),
    exposures: sorted(
      Array.from({ length: 300 }, () => ({
        videoId: pick(videoIds),
        impressionCount: 2,
        lastShownAtMs: NOW_MS - 5_000,
      })),
      ({ videoId }) => videoId,
    ),
    watchCount: 500,
  };
}
