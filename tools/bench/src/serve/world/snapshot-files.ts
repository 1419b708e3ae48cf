/**
 * The files of a snapshot of the made world, by the functions that the trainer writes its own with. Nothing in it is trained:
 * vectors are the generator's; the user tower is set so that a viewer's vector is the mean of what the viewer watched, with
 * noise, in the shape that the defaults give a large log; the ranker's weights are random.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildIndex } from '@watchnext/ann-index';
import { CandidateModel, ColdStart, defaultCandidateConfig } from '@watchnext/candidate-model';
import type { IndexParameters } from '@watchnext/contract';
import { candidateFeatures, type StatisticsTables, statisticsText } from '@watchnext/features';
import { encodeOnnx, encodeRankerOf } from '@watchnext/inference';
import { createRandom, type DenseStack, initialiseStack, type NamedTensor } from '@watchnext/learning';
import { defaultRankingConfig } from '@watchnext/ranking-model';
import { indexFile, SNAPSHOT_FILES, writeSafetensorsFile } from '@watchnext/snapshot-store';
import { BuildThreads } from '@watchnext/vector-search';
import { sizedRanker } from '../../rank/sized-ranker';
import { stateOf } from './fold-histories';
import { MadeWorld } from './made-world';

/** Viewers whose vectors the breadth of a search is chosen on, as in training. */
const SAMPLE_QUERIES = 200;
const NOISE = 0.02;
const LIST_LENGTH = 500;
const FRESH_HALF_LIFE_MS = 7 * 86_400_000;
/** Examples of a log of this size: what the defaults then choose is the size to measure. */
const EXAMPLE_COUNT = 3_000_000;

type Report = (text: string) => void;

/** Models, cold start and index: what alternating snapshots have in common. @returns the index's parameters */
export async function writeCandidatePart(world: MadeWorld, directory: string, say: Report): Promise<IndexParameters> {
  await mkdir(directory, { recursive: true });
  const at = (file: string) => join(directory, file);
  const model = candidateModel(world);
  const { metadata, tensors } = model.toParts();
  await writeFile(at(SNAPSHOT_FILES.candidateMetadata), JSON.stringify(metadata));
  await writeSafetensorsFile(at(SNAPSHOT_FILES.candidateTensors), tensors);
  await writeFile(at(SNAPSHOT_FILES.userTower), encodeOnnx(model.tower));
  const rows = new Map(model.videoIds.map((videoId, video) => [videoId, video]));
  const coldStart = ColdStart.of(model.videoIds, model.videoVectors, (videoId) =>
    world.factsOf(rows.get(videoId)!),
  ).toParts();
  await writeFile(at(SNAPSHOT_FILES.coldStartMetadata), JSON.stringify(coldStart.metadata));
  await writeSafetensorsFile(at(SNAPSHOT_FILES.coldStartTensors), coldStart.tensors);
  return buildAndSave(world, model, directory, say);
}

async function buildAndSave(
  world: MadeWorld,
  model: CandidateModel,
  directory: string,
  say: Report,
): Promise<IndexParameters> {
  const { dimensions, users } = world.options;
  const sampleCount = Math.min(SAMPLE_QUERIES, users);
  const sampleQueries = new Float32Array(sampleCount * dimensions);
  for (let i = 0; i < sampleCount; i++) {
    const state = stateOf(world, Math.floor((i * users) / sampleCount));
    const context = {
      requestedAtMs: world.options.nowMs,
      surface: 'home',
      country: state.profile?.country ?? '',
      device: 'phone',
      loggedIn: true,
      seedVideoId: '',
    };
    sampleQueries.set(model.userVector(candidateFeatures(state, context), 0), i * dimensions);
  }
  const threads = new BuildThreads(2);
  let told = 0;
  try {
    const index = await buildIndex(
      {
        vectors: world.vectors,
        count: world.options.videos,
        dimensions,
        sampleQueries,
        sampleCount,
        onProgress: (done, total) => {
          if (done < told) told = 0;
          if (done - told < 50_000) return;
          told = done;
          say(`index: ${done} of ${total}`);
        },
      },
      threads,
    );
    const { shardCount } = index.parameters;
    await index.save(Array.from({ length: shardCount }, (_, shard) => join(directory, indexFile(shard))));
    await index.release();
    return index.parameters;
  } finally {
    await threads.close();
  }
}

function candidateModel(world: MadeWorld): CandidateModel {
  const { videos, dimensions, seed } = world.options;
  const config = {
    ...defaultCandidateConfig({ videoCount: videos, exampleCount: EXAMPLE_COUNT }),
    dimensions,
    // Places of equal weight: each head is the mean.
    historyEncoder: 'position-heads' as const,
  };
  const random = createRandom(seed).fork('candidate model');
  const drawn = (rows: number, width: number) => {
    const data = new Float32Array(rows * width);
    for (let i = width; i < data.length; i++) data[i] = 0.05 * random.gaussian();
    return { shape: [rows, width], data };
  };
  const searchTokens = Array.from({ length: 1_000 }, (_, i) => `token-${i}`);
  const countries = ['US', 'DE', 'SE', 'IN', 'BR', 'JP'];
  const devices = ['phone', 'tv'];
  const watched = new Float32Array((videos + 1) * dimensions);
  watched.set(world.vectors, dimensions);
  const headsFrom = 0;
  const inputSizes = [
    config.historyHeads * dimensions,
    dimensions,
    config.searchTokenDimensions,
    config.countryDimensions,
    config.deviceDimensions,
    5 + config.exampleAgeKnots,
  ];
  const inputSize = inputSizes.reduce((sum, size) => sum + size, 0);
  const tower = passingTower([inputSize, ...config.hiddenSizes, dimensions], headsFrom, dimensions, random);
  const tensors = new Map<string, NamedTensor>([
    ['video_vectors', { shape: [videos, dimensions], data: watched.subarray(dimensions) }],
    ['watched_videos', { shape: [videos + 1, dimensions], data: watched }],
    ['search_tokens', drawn(searchTokens.length + 1, config.searchTokenDimensions)],
    ['countries', drawn(countries.length + 1, config.countryDimensions)],
    ['devices', drawn(devices.length + 1, config.deviceDimensions)],
    ['history_positions', { shape: [51, config.historyHeads], data: new Float32Array(51 * config.historyHeads) }],
  ]);
  tower.forEach((layer, i) => {
    tensors.set(`tower.${i}.weights`, { shape: [layer.inputSize, layer.outputSize], data: layer.weights });
    tensors.set(`tower.${i}.bias`, { shape: [layer.outputSize], data: layer.bias });
  });
  const metadata = {
    config,
    windowDays: 60,
    videoIds: world.videoIds,
    searchTokens,
    countries,
    devices,
    towerActivations: tower.map(({ activation }) => activation),
  };
  return CandidateModel.fromParts({ metadata, tensors });
}

/**
 * Carries `width` inputs from `from` on through ReLU layers to the output: each as its positive and its negative part, of which
 * the last layer takes the difference. All other weights are small noise.
 */
function passingTower(
  sizes: readonly number[],
  from: number,
  width: number,
  random: ReturnType<typeof createRandom>,
): DenseStack {
  const tower = initialiseStack(sizes, random);
  tower.forEach(({ weights, outputSize }, layer) => {
    for (let i = 0; i < weights.length; i++) weights[i]! *= NOISE;
    const isLast = layer === tower.length - 1;
    for (let d = 0; d < width; d++) {
      for (const [part, sign] of [
        [d, 1],
        [width + d, -1],
      ] as const) {
        if (isLast) weights[part * outputSize + d] = sign;
        else if (layer === 0) weights[(from + d) * outputSize + part] = sign;
        else weights[part * outputSize + part] = 1;
      }
    }
  });
  return tower;
}

/** The ranker, statistics and lists. @param variant other weights for another one */
export async function writeRankingPart(
  world: MadeWorld,
  statistics: StatisticsTables,
  hiddenSizes: readonly number[],
  directory: string,
  variant: number,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const at = (file: string) => join(directory, file);
  const { videos, nowMs, seed } = world.options;
  const config = defaultRankingConfig({ exampleCount: EXAMPLE_COUNT, videoCount: videos });
  const channels = Object.keys(statistics.channels).slice(0, config.maxChannels);
  const topics = Object.keys(statistics.topics).slice(0, config.maxTopics);
  const model = await sizedRanker({
    vocabularies: { videos: world.videoIds, channels, topics },
    dimensionsOf: (_, rowCount) => Math.max(2, Math.round(config.dimensionsPerLog * Math.log(rowCount))),
    hiddenSizes,
    nowMs,
    random: createRandom(seed).fork(`ranker ${variant}`),
    seed,
  });
  const { metadata, tensors } = model.toParts();
  await writeFile(at(SNAPSHOT_FILES.rankingMetadata), JSON.stringify(metadata));
  await writeSafetensorsFile(at(SNAPSHOT_FILES.rankingTensors), tensors);
  await writeFile(at(SNAPSHOT_FILES.ranker), encodeRankerOf(model));
  await writeFile(at(SNAPSHOT_FILES.statistics), statisticsText(statistics));
  await writeFile(at(SNAPSHOT_FILES.popular), JSON.stringify(listsOf(world, statistics)));
}

function listsOf(world: MadeWorld, statistics: StatisticsTables) {
  const { videos, nowMs } = world.options;
  const numberOf = (videoId: string) => Number(videoId.slice('video-'.length));
  const popular = Object.entries(statistics.videos)
    .sort(([, a], [, b]) => b.watchCount - a.watchCount)
    .slice(0, LIST_LENGTH);
  const most = popular[0]?.[1].watchCount ?? 1;
  const fresh = Array.from({ length: videos }, (_, video) => ({ video, facts: world.factsOf(video) }))
    .sort((a, b) => b.facts.uploadedAtMs - a.facts.uploadedAtMs)
    .slice(0, LIST_LENGTH);
  return {
    popular: popular.map(([videoId, { watchCount }]) => ({
      videoId,
      score: watchCount / most,
      video: world.factsOf(numberOf(videoId)),
    })),
    fresh: fresh.map(({ video, facts }) => ({
      videoId: MadeWorld.videoId(video),
      score: 2 ** ((facts.uploadedAtMs - nowMs) / FRESH_HALF_LIFE_MS),
      video: facts,
    })),
  };
}
