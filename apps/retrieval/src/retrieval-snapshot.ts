/** Retrieval's part of a snapshot, loaded: the candidate model's tables, the user tower, the index. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnnIndex, loadIndex } from '@watchnext/ann-index';
import { CandidateModel } from '@watchnext/candidate-model';
import type { IndexParameters } from '@watchnext/contract';
import { OnnxStack } from '@watchnext/inference';
import { type LocalSnapshot, readSafetensorsFile, SNAPSHOT_FILES } from '@watchnext/snapshot-store';

export interface RetrievalSnapshot {
  readonly model: CandidateModel;
  /** Input row → user vector. */
  readonly tower: OnnxStack;
  /** Undefined for a snapshot without one, as of a catalogue too small to need it: then search is exact. */
  readonly index: AnnIndex | undefined;
  /** Row of each video in `model.videoIds`. */
  readonly rowOf: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/**
 * @param local verified: its files are what its manifest says
 * @throws Error when the parts do not fit each other; the holder then goes on serving what it holds
 */
export async function loadRetrievalSnapshot({ directory, manifest }: LocalSnapshot): Promise<RetrievalSnapshot> {
  const at = (file: string) => join(directory, file);
  const model = CandidateModel.fromParts({
    metadata: JSON.parse(await readFile(at(SNAPSHOT_FILES.candidateMetadata), 'utf8')),
    tensors: await readSafetensorsFile(at(SNAPSHOT_FILES.candidateTensors)),
  });
  const index = await loadIndexOf(manifest.index, at(SNAPSHOT_FILES.index), model);
  const tower = await OnnxStack.load(await readFile(at(SNAPSHOT_FILES.userTower)));
  if (tower.inputSize !== model.inputSize || tower.outputSize !== model.config.dimensions) {
    await tower.close();
    throw new Error(
      `the user tower maps ${tower.inputSize} values to ${tower.outputSize}, the model has ${model.inputSize} and ${model.config.dimensions}`,
    );
  }
  const rowOf = new Map(model.videoIds.map((videoId, row) => [videoId, row]));
  return { model, tower, index, rowOf, close: () => tower.close() };
}

async function loadIndexOf(
  parameters: IndexParameters | undefined,
  path: string,
  model: CandidateModel,
): Promise<AnnIndex | undefined> {
  if (!parameters || parameters.space === '') return undefined;
  const { dimensions } = model.config;
  if (parameters.dimensions !== dimensions) {
    throw new Error(`the index has ${parameters.dimensions} dimensions, the model's vectors have ${dimensions}`);
  }
  return loadIndex(path, parameters, model.videoIds.length);
}
