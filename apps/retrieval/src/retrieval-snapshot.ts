/** Retrieval's part of a snapshot, loaded: the candidate model's tables, the user tower, the index. */
import { readFile } from 'node:fs/promises';
import { type CandidateModel, interestsOf } from '@watchnext/candidate-model';
import type { IndexParameters } from '@watchnext/contract';
import { OnnxStack } from '@watchnext/inference';
import { isCandidateFile, loadCandidate } from '@watchnext/snapshot-models';
import { fileOf, indexFile, isIndexFile, type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import type { OpenIndex, SearchThreads } from '@watchnext/vector-search';
import { SnapshotVideos } from './catalogue/snapshot-videos';

/** Vectors that may be added to a snapshot while it is held, as a share of its own, and at least so many. */
const ADDED_VIDEOS = { share: 0.05, least: 1_000 };

export interface RetrievalSnapshot {
  readonly snapshotId: string;
  readonly model: CandidateModel;
  /** Input row → user vectors, one after the other. */
  readonly tower: OnnxStack;
  readonly index: OpenIndex;
  /** Which label of the index is which video. */
  readonly videos: SnapshotVideos;
  /** Videos that may be added while it is held. */
  readonly addCapacity: number;
  close(): Promise<void>;
}

/** Whether `loadRetrievalSnapshot` reads the file. */
export const isRetrievalFile = (file: string) =>
  isCandidateFile(file) || isIndexFile(file) || file === SNAPSHOT_FILES.userTower;

/**
 * @param local verified: its files are what its manifest says
 * @param closing aborted, the load ends after its present step, and leaves nothing open
 * @throws Error when the parts do not fit each other; the holder then goes on serving what it holds; the reason of `closing`
 */
export async function loadRetrievalSnapshot(
  local: LocalSnapshot,
  threads: SearchThreads,
  closing: AbortSignal,
): Promise<RetrievalSnapshot> {
  const { snapshotId, manifest } = local;
  const at = (file: string) => fileOf(local, file);
  const { model, coldStart, largestNorm } = await loadCandidate(local, closing);
  const addCapacity = Math.max(ADDED_VIDEOS.least, Math.ceil(model.videoCount * ADDED_VIDEOS.share));
  const index = await threads.open({
    vectors: model.videoVectors,
    dimensions: model.config.dimensions,
    largestNorm,
    index: indexOf(manifest.index, at, model),
    addCapacity,
  });
  try {
    closing.throwIfAborted();
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
    return { snapshotId, model, tower, index, videos, addCapacity, close };
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

async function loadTower(path: string, model: CandidateModel): Promise<OnnxStack> {
  const tower = await OnnxStack.load(await readFile(path));
  const outputSize = interestsOf(model.config) * model.config.dimensions;
  if (tower.inputSize === model.inputSize && tower.outputSize === outputSize) return tower;
  await tower.close();
  throw new Error(
    `the user tower maps ${tower.inputSize} values to ${tower.outputSize}, the model has ${model.inputSize} and ${outputSize}`,
  );
}
