/** Retrieval's part of a snapshot, loaded: the candidate model's tables, the user tower, the index. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CandidateModel, ColdStart, type ColdStartParts } from '@watchnext/candidate-model';
import type { IndexParameters } from '@watchnext/contract';
import { OnnxStack } from '@watchnext/inference';
import { Vocabulary } from '@watchnext/learning';
import {
  indexFile,
  type LocalSnapshot,
  readJsonFile,
  readSafetensorsFile,
  SNAPSHOT_FILES,
} from '@watchnext/snapshot-store';
import type { OpenIndex, SearchThreads } from '@watchnext/vector-search';
import { SnapshotVideos } from './catalogue/snapshot-videos';

/** Vectors that may be added to a snapshot while it is held, as a share of its own, and at least so many. */
const ADDED_VIDEOS = { share: 0.05, least: 1_000 };

export interface RetrievalSnapshot {
  readonly snapshotId: string;
  readonly model: CandidateModel;
  /** Input row → user vector. */
  readonly tower: OnnxStack;
  readonly index: OpenIndex;
  /** Which label of the index is which video. */
  readonly videos: SnapshotVideos;
  /** Videos that may be added while it is held. */
  readonly addCapacity: number;
  readonly createdAtMs: number;
  close(): Promise<void>;
}

/**
 * @param local verified: its files are what its manifest says
 * @throws Error when the parts do not fit each other; the holder then goes on serving what it holds
 */
export async function loadRetrievalSnapshot(
  { snapshotId, directory, manifest }: LocalSnapshot,
  threads: SearchThreads,
): Promise<RetrievalSnapshot> {
  const at = (file: string) => join(directory, file);
  // In turns with the requests that the snapshot before it is serving meanwhile.
  const metadata = (await readJsonFile(at(SNAPSHOT_FILES.candidateMetadata))) as { videoIds: readonly string[] };
  const videoIds = await Vocabulary.fromIdsInTurns(metadata.videoIds);
  const tensors = await readSafetensorsFile(at(SNAPSHOT_FILES.candidateTensors));
  const model = CandidateModel.fromParts({ metadata, tensors }, videoIds);
  const count = model.videoIds.length;
  const addCapacity = Math.max(ADDED_VIDEOS.least, Math.ceil(count * ADDED_VIDEOS.share));
  const index = await threads.open({
    vectors: model.videoVectors,
    dimensions: model.config.dimensions,
    index: indexOf(manifest.index, at, model),
    addCapacity,
  });
  try {
    const coldStart = SNAPSHOT_FILES.coldStartTensors in manifest.files ? await loadColdStart(at) : undefined;
    if (coldStart && coldStart.dimensions !== model.config.dimensions) {
      throw new Error(
        `the cold start has ${coldStart.dimensions} dimensions, the model has ${model.config.dimensions}`,
      );
    }
    const tower = await loadTower(at(SNAPSHOT_FILES.userTower), model);
    const videos = new SnapshotVideos(model, index, coldStart);
    const close = async () => {
      await Promise.all([tower.close(), index.close()]);
    };
    return { snapshotId, model, tower, index, videos, addCapacity, createdAtMs: manifest.createdAtMs, close };
  } catch (error) {
    await index.close();
    throw error;
  }
}

/** Undefined for a snapshot without one, as of a catalogue too small to need it: then search is exact. */
function indexOf(parameters: IndexParameters | undefined, at: (file: string) => string, model: CandidateModel) {
  if (!parameters || parameters.space === '') return undefined;
  const { dimensions } = model.config;
  if (parameters.dimensions !== dimensions) {
    throw new Error(`the index has ${parameters.dimensions} dimensions, the model's vectors have ${dimensions}`);
  }
  const paths = Array.from({ length: parameters.shardCount || 1 }, (_, shard) => at(indexFile(shard)));
  return { parameters, paths };
}

async function loadColdStart(at: (file: string) => string): Promise<ColdStart> {
  return ColdStart.fromParts({
    metadata: (await readJsonFile(at(SNAPSHOT_FILES.coldStartMetadata))) as ColdStartParts['metadata'],
    tensors: await readSafetensorsFile(at(SNAPSHOT_FILES.coldStartTensors)),
  });
}

async function loadTower(path: string, model: CandidateModel): Promise<OnnxStack> {
  const tower = await OnnxStack.load(await readFile(path));
  if (tower.inputSize === model.inputSize && tower.outputSize === model.config.dimensions) return tower;
  await tower.close();
  throw new Error(
    `the user tower maps ${tower.inputSize} values to ${tower.outputSize}, the model has ${model.inputSize} and ${model.config.dimensions}`,
  );
}
