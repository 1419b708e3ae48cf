/** Writes retrieval's part of a snapshot: a candidate model with random weights, its tower and its index. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildIndex } from '@watchnext/ann-index';
import {
  CandidateModel,
  ColdStart,
  type ColdStartFacts,
  defaultCandidateConfig,
  inputLayout,
  towerSizes,
  videoVectorsOf,
} from '@watchnext/candidate-model';
import type { IndexParameters } from '@watchnext/contract';
import { encodeOnnx } from '@watchnext/inference';
import { createRandom, createTable, initialiseStack, type NamedTensor } from '@watchnext/learning';
import { SNAPSHOT_FILES, writeSafetensorsFile } from '@watchnext/snapshot-store';

export interface CandidateFilesOptions {
  readonly videoIds: readonly string[];
  readonly seed: number;
  readonly withIndex?: boolean;
  /** Of the vectors; 16. */
  readonly dimensions?: number;
  /** User vectors of a viewer; by default one. */
  readonly interests?: number;
  /** One table for videos as history and as labels; by default each use has its own. */
  readonly tied?: boolean;
  /** Of the softmax; by default none. */
  readonly temperature?: number;
  /** What the cold start knows of the videos; without it the snapshot has none, as old ones. */
  readonly factsOf?: (videoId: string) => ColdStartFacts;
}

export function randomCandidateModel(options: CandidateFilesOptions): CandidateModel {
  const { videoIds, seed, tied = false, dimensions = 16, interests, temperature } = options;
  const random = createRandom(seed);
  const config = {
    ...defaultCandidateConfig({ videoCount: videoIds.length, exampleCount: 100 }),
    dimensions,
    hiddenSizes: [24],
    // Without heads: fewer tensors to write.
    historyEncoder: 'mean-and-last' as const,
    tiedTables: tied,
    ...(interests === undefined ? {} : { interests }),
    ...(temperature === undefined ? {} : { temperature }),
  };
  const table = (name: string, ids: number, dimensions: number) =>
    createTable(ids + 1, dimensions, random.fork(name), 1);
  const watched = table('watched', videoIds.length, config.dimensions);
  const tables = {
    watched,
    searchTokens: table('tokens', 2, config.searchTokenDimensions),
    countries: table('countries', 2, config.countryDimensions),
    devices: table('devices', 2, config.deviceDimensions),
    positions: createTable(1, 1, random, 0),
    queries: createTable(1, 1, random, 0),
    output: tied ? watched : table('output', videoIds.length, config.dimensions),
  };
  const { inputSize } = inputLayout(tables, config);
  const tower = initialiseStack(towerSizes(inputSize, config), random.fork('tower'));
  const tensors = new Map<string, NamedTensor>();
  const add = (name: string, data: Float32Array, ...shape: number[]) => tensors.set(name, { shape, data });
  add('video_vectors', videoVectorsOf(tables.output, config), videoIds.length, config.dimensions);
  add('watched_videos', tables.watched.values, videoIds.length + 1, config.dimensions);
  add('search_tokens', tables.searchTokens.values, 3, config.searchTokenDimensions);
  add('countries', tables.countries.values, 3, config.countryDimensions);
  add('devices', tables.devices.values, 3, config.deviceDimensions);
  tower.forEach((layer, index) => {
    add(`tower.${index}.weights`, layer.weights, layer.inputSize, layer.outputSize);
    add(`tower.${index}.bias`, layer.bias, layer.outputSize);
  });
  const metadata = {
    config,
    windowDays: 7,
    videoIds,
    searchTokens: ['cats', 'dogs'],
    countries: ['SE', 'DE'],
    devices: ['phone', 'tv'],
    towerActivations: tower.map(({ activation }) => activation),
  };
  return CandidateModel.fromParts({ metadata, tensors });
}

export async function writeCandidateFiles(
  directory: string,
  options: CandidateFilesOptions,
): Promise<{ index?: IndexParameters }> {
  const model = randomCandidateModel(options);
  const { metadata, tensors } = model.toParts();
  await writeFile(join(directory, SNAPSHOT_FILES.candidateMetadata), JSON.stringify(metadata));
  await writeSafetensorsFile(join(directory, SNAPSHOT_FILES.candidateTensors), tensors);
  await writeFile(join(directory, SNAPSHOT_FILES.userTower), encodeOnnx(model.tower));
  if (options.factsOf) {
    const coldStart = ColdStart.of(model.videoIds, model.videoVectors, options.factsOf).toParts();
    await writeFile(join(directory, SNAPSHOT_FILES.coldStartMetadata), JSON.stringify(coldStart.metadata));
    await writeSafetensorsFile(join(directory, SNAPSHOT_FILES.coldStartTensors), coldStart.tensors);
  }
  if (options.withIndex === false) return {};
  const index = await buildIndex({
    vectors: model.videoVectors,
    count: model.videoIds.length,
    dimensions: model.config.dimensions,
    sampleQueries: new Float32Array(0),
    sampleCount: 0,
  });
  await index.save([join(directory, SNAPSHOT_FILES.index)]);
  return { index: index.parameters };
}
