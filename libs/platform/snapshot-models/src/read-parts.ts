/** Reads a snapshot's models into parts on shared memory. It takes seconds, so it runs on threads: see `load-program.ts`. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CandidateModelMetadata,
  type CandidateModelParts,
  ColdStart,
  type ColdStartMetadata,
  type ColdStartParts,
  vectorsAreWatchedRows,
} from '@watchnext/candidate-model';
import { type PackedStatistics, packStatisticsText } from '@watchnext/features';
import { type NamedTensor, type PackedIds, packIds } from '@watchnext/learning';
import type { ModelMetadata, ModelParts } from '@watchnext/ranking-model';
import { readSafetensorsFile, SNAPSHOT_FILES } from '@watchnext/snapshot-store';

/** The candidate model with its ids packed. */
export interface CandidateFiles {
  readonly metadata: CandidateModelMetadata<PackedIds>;
  readonly tensors: CandidateModelParts['tensors'];
  /** Length of the longest video vector. */
  readonly largestNorm: number;
  /** Finite. Undefined for a snapshot without a cold start. */
  readonly coldStart: ColdStartParts<PackedIds> | undefined;
}

export interface RankingFiles {
  readonly parts: ModelParts<PackedIds>;
  readonly statistics: PackedStatistics;
}

/**
 * @param radius of the index over the video vectors: none may be longer. Undefined where no index has one
 * @throws Error for files that are missing, or not what they should be
 */
export async function readCandidateFiles(
  directory: string,
  withColdStart: boolean,
  radius: number | undefined,
): Promise<CandidateFiles> {
  const metadata = await readJson<CandidateModelMetadata>(directory, SNAPSHOT_FILES.candidateMetadata);
  const { videoIds, searchTokens, countries, devices, ...rest } = metadata;
  const areRows = vectorsAreWatchedRows(metadata.config);
  const tensors = await readSafetensorsFile(join(directory, SNAPSHOT_FILES.candidateTensors), {
    shared: true,
    // They are in the file twice then, and need not be in memory twice.
    ...(areRows && { only: (name: string) => name !== VECTORS }),
  });
  if (areRows) tensors.set(VECTORS, withoutFirstRow(tensors.get(WATCHED)));
  requireFinite('candidate', tensors);
  const longest = longestOf(tensors.get(VECTORS));
  if (radius !== undefined) requireWithin(radius, longest, videoIds);
  return {
    largestNorm: longest.norm,
    metadata: {
      ...rest,
      videoIds: packIds(videoIds),
      searchTokens: packIds(searchTokens),
      countries: packIds(countries),
      devices: packIds(devices),
    },
    tensors,
    coldStart: withColdStart ? await readColdStart(directory) : undefined,
  };
}

/** @throws Error for files that are missing, or not what they should be */
export async function readRankingFiles(directory: string): Promise<RankingFiles> {
  const { vocabularies, ...rest } = await readJson<ModelMetadata>(directory, SNAPSHOT_FILES.rankingMetadata);
  const packed = Object.fromEntries(Object.entries(vocabularies).map(([name, ids]) => [name, packIds(ids)]));
  const metadata = { ...rest, vocabularies: packed as ModelMetadata<PackedIds>['vocabularies'] };
  const tensors = await readSafetensorsFile(join(directory, SNAPSHOT_FILES.rankingTensors), { shared: true });
  requireFinite('ranking', tensors);
  const statistics = await packStatisticsText(createReadStream(join(directory, SNAPSHOT_FILES.statistics), 'utf8'));
  return { parts: { metadata, tensors }, statistics };
}

const VECTORS = 'video_vectors';
const WATCHED = 'watched_videos';

async function readColdStart(directory: string): Promise<ColdStartParts<PackedIds>> {
  const metadata = await readJson<ColdStartMetadata>(directory, SNAPSHOT_FILES.coldStartMetadata);
  const tensors = await readSafetensorsFile(join(directory, SNAPSHOT_FILES.coldStartTensors), { shared: true });
  const { channelIds, topicIds } = metadata;
  const parts = { metadata: { channelIds: packIds(channelIds), topicIds: packIds(topicIds) }, tensors };
  // Checks what takes a while to look at.
  ColdStart.fromParts(parts);
  return parts;
}

function withoutFirstRow(table: NamedTensor | undefined): NamedTensor {
  const [rows, dimensions] = table?.shape ?? [];
  if (table === undefined || rows === undefined || dimensions === undefined) {
    throw new Error(`candidate model: the tensor "${WATCHED}" is missing, or no table`);
  }
  return { shape: [rows - 1, dimensions], data: table.data.subarray(dimensions) };
}

/** @throws Error naming the first row with a value that is not finite */
function requireFinite(model: string, tensors: ReadonlyMap<string, NamedTensor>): void {
  for (const [name, { shape, data }] of tensors) {
    for (let i = 0; i < data.length; i++) {
      if (Number.isFinite(data[i])) continue;
      throw new Error(`${model} model: row ${Math.floor(i / (shape[1] ?? 1))} of "${name}" is not finite`);
    }
  }
}

interface LongestVector {
  readonly row: number;
  readonly norm: number;
}

function longestOf(vectors: NamedTensor | undefined): LongestVector {
  const [rows = 0, dimensions = 0] = vectors?.shape ?? [];
  let longest = { row: 0, squared: 0 };
  for (let row = 0; row < rows; row++) {
    let squared = 0;
    for (let i = row * dimensions; i < (row + 1) * dimensions; i++) squared += vectors!.data[i]! ** 2;
    if (squared > longest.squared) longest = { row, squared };
  }
  return { row: longest.row, norm: Math.sqrt(longest.squared) };
}

/**
 * A longer vector lies off the index's sphere, where the graph finds it wrongly and it may be the answer to every query. The
 * radius has publishing's headroom in it, so vectors that it was made for are far within.
 * @throws Error naming the longest
 */
function requireWithin(radius: number, { row, norm }: LongestVector, videoIds: readonly string[]): void {
  if (norm <= radius) return;
  throw new Error(
    `candidate model: row ${row} of "${VECTORS}" (video ${JSON.stringify(videoIds[row])}) is ${norm} long, ` +
      `the index's radius is ${radius}`,
  );
}

async function readJson<T>(directory: string, file: string): Promise<T> {
  return JSON.parse(await readFile(join(directory, file), 'utf8')) as T;
}
