import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CandidateModel } from '@watchnext/candidate-model';
import { RankingModel } from '@watchnext/ranking-model';
import { type LocalSnapshot, readSafetensorsFile, SNAPSHOT_FILES } from '@watchnext/snapshot-store';

/** Both models of a snapshot, from their tables and weights: for evaluation and training on, not for serving. */
export async function loadModels({
  directory,
}: LocalSnapshot): Promise<{ candidate: CandidateModel; ranking: RankingModel }> {
  const metadata = async (file: string) => JSON.parse(await readFile(join(directory, file), 'utf8'));
  const tensors = (file: string) => readSafetensorsFile(join(directory, file));
  return {
    candidate: CandidateModel.fromParts({
      metadata: await metadata(SNAPSHOT_FILES.candidateMetadata),
      tensors: await tensors(SNAPSHOT_FILES.candidateTensors),
    }),
    ranking: RankingModel.fromParts({
      metadata: await metadata(SNAPSHOT_FILES.rankingMetadata),
      tensors: await tensors(SNAPSHOT_FILES.rankingTensors),
    }),
  };
}
