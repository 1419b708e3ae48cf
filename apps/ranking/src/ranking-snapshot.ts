/** Ranking's part of a snapshot, loaded: the ranking model's tables and quantiles, the tower, the statistics. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ranker, RankerStack } from '@watchnext/inference';
import { Vocabulary } from '@watchnext/learning';
import { type ModelMetadata, RankingModel, TABLE_NAMES, type TableName } from '@watchnext/ranking-model';
import { type LocalSnapshot, readJsonFile, readSafetensorsFile, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { readStatistics } from './read-statistics';

export interface RankingSnapshot {
  readonly ranker: Ranker;
  close(): Promise<void>;
}

/**
 * @param local verified: its files are what its manifest says
 * @throws Error when the parts do not fit each other; the holder then goes on serving what it holds
 */
export async function loadRankingSnapshot({ directory }: LocalSnapshot): Promise<RankingSnapshot> {
  const at = (file: string) => join(directory, file);
  const metadata = (await readJsonFile(at(SNAPSHOT_FILES.rankingMetadata))) as ModelMetadata;
  const vocabularies: Partial<Record<TableName, Vocabulary>> = {};
  for (const name of TABLE_NAMES) {
    const ids = metadata.vocabularies?.[name];
    // One that lacks any is refused below, in words.
    if (ids) vocabularies[name] = await Vocabulary.fromIdsInTurns(ids);
  }
  const tensors = await readSafetensorsFile(at(SNAPSHOT_FILES.rankingTensors));
  const model = RankingModel.fromParts({ metadata, tensors }, vocabularies);
  const statistics = await readStatistics(at(SNAPSHOT_FILES.statistics));
  const tower = await RankerStack.load(await readFile(at(SNAPSHOT_FILES.ranker)));
  if (
    tower.userSize !== model.userSize ||
    tower.inputSize !== model.inputSize ||
    tower.outputSize !== model.headCount
  ) {
    await tower.close();
    throw new Error(
      `the ranker maps ${tower.userSize} + ${tower.videoSize} values to ${tower.outputSize}, the model ` +
        `${model.userSize} + ${model.videoSize} to ${model.headCount}`,
    );
  }
  return { ranker: new Ranker(model, tower, statistics), close: () => tower.close() };
}
