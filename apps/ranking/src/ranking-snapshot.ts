/** Ranking's part of a snapshot, loaded: the ranking model's tables and quantiles, the tower, the statistics. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ranker, type TowerThreads } from '@watchnext/inference';
import { loadRanking } from '@watchnext/snapshot-models';
import { type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';

export interface RankingSnapshot {
  readonly ranker: Ranker;
  close(): Promise<void>;
}

/**
 * @param local verified: its files are what its manifest says
 * @throws Error when the parts do not fit each other; the holder then goes on serving what it holds
 */
export async function loadRankingSnapshot(local: LocalSnapshot, threads: TowerThreads): Promise<RankingSnapshot> {
  const { model, statistics } = await loadRanking(local);
  const tower = await threads.load(await readFile(join(local.directory, SNAPSHOT_FILES.ranker)));
  if (
    tower.userSize !== model.userSize ||
    tower.videoSize !== model.videoSize ||
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
