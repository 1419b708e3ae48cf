/** Writes ranking's part of a snapshot: a model trained for a moment on random impressions, and statistics. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RequestContext } from '@watchnext/contract';
import {
  EVERYWHERE,
  newState,
  type RankingExample,
  rankingUserFeatures,
  rankingVideoFeatures,
  type Statistics,
  statisticsFrom,
  statisticsText,
  type StatisticsTables,
} from '@watchnext/features';
import { encodeRankerOf } from '@watchnext/inference';
import { createRandom } from '@watchnext/learning';
import {
  defaultRankingConfig,
  type RankingModel,
  referenceRankingEngine,
  trainRankingModel,
} from '@watchnext/ranking-model';
import { SNAPSHOT_FILES, writeSafetensorsFile } from '@watchnext/snapshot-store';

export interface RankingFilesOptions {
  readonly videos: readonly {
    readonly videoId: string;
    readonly channelId: string;
    readonly durationSeconds: number;
    readonly uploadedAtMs: number;
  }[];
  readonly seed: number;
}

const AT_MS = 1_780_000_000_000;

function statisticsTables(videos: RankingFilesOptions['videos']): StatisticsTables {
  const countsOf = (id: string) => {
    const clickCount = (id.charCodeAt(id.length - 1) % 7) + 1;
    return { impressionCount: 20, clickCount, clickWatchSeconds: clickCount * 30, watchCount: clickCount };
  };
  const all = (ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, countsOf(id)]));
  const videoIds = videos.map(({ videoId }) => videoId);
  return {
    videos: all(videoIds),
    channels: all(videos.map(({ channelId }) => channelId)),
    topics: all(['t']),
    surfaces: { home: all(videoIds.slice(1)) },
    countries: { DE: all(videos.map(({ channelId }) => channelId)) },
    wholeCountries: { DE: countsOf('DE'), [EVERYWHERE]: countsOf('DE') },
  };
}

/** The statistics that `writeRankingFiles` writes for these videos. */
export const statisticsOf = (videos: RankingFilesOptions['videos']): Statistics =>
  statisticsFrom(statisticsTables(videos));

export function trainTinyRanker({ videos, seed }: RankingFilesOptions): Promise<RankingModel> {
  const random = createRandom(seed);
  const examples = Array.from({ length: 150 }, (_, index): RankingExample => {
    const video = videos[random.nextInt(videos.length)]!;
    const requestedAtMs = AT_MS + index * 60_000;
    const context: RequestContext = {
      requestedAtMs,
      surface: 'home',
      country: 'SE',
      device: 'phone',
      loggedIn: true,
      seedVideoId: '',
    };
    const state = newState(`u${index}`);
    const facts = {
      channelId: video.channelId,
      topics: ['t'],
      durationSeconds: video.durationSeconds,
      uploadedAtMs: video.uploadedAtMs,
    };
    const clicked = random.next() < 0.4;
    return {
      userId: state.userId,
      requestId: `r${index}`,
      pageId: '',
      impressionId: `i${index}`,
      servedAtMs: requestedAtMs,
      position: 0,
      user: rankingUserFeatures(state, context),
      video: rankingVideoFeatures(
        state,
        { videoId: video.videoId, video: facts, source: 'retrieval', sourceScore: random.next() },
        context,
      ),
      clicked,
      watchSeconds: clicked ? 10 + random.next() * 100 : 0,
      served: { snapshotId: '', score: undefined, featuresChecksum: undefined },
    };
  });
  const config = {
    ...defaultRankingConfig({ exampleCount: examples.length, videoCount: videos.length }),
    hiddenSizes: [8],
    epochs: 2,
  };
  const statistics = statisticsOf(videos);
  return trainRankingModel({
    examples,
    statisticsAt: () => statistics,
    config,
    seed,
    createEngine: async (network) => referenceRankingEngine(network),
  });
}

export async function writeRankingFiles(directory: string, options: RankingFilesOptions): Promise<void> {
  const model = await trainTinyRanker(options);
  const { metadata, tensors } = model.toParts();
  await writeFile(join(directory, SNAPSHOT_FILES.rankingMetadata), JSON.stringify(metadata));
  await writeSafetensorsFile(join(directory, SNAPSHOT_FILES.rankingTensors), tensors);
  await writeFile(join(directory, SNAPSHOT_FILES.ranker), encodeRankerOf(model));
  await writeFile(join(directory, SNAPSHOT_FILES.statistics), statisticsText(statisticsTables(options.videos)));
}
