/** Ranking's part of a snapshot, loaded: the ranking model's tables and quantiles, the tower, the statistics. */
import { readFile } from 'node:fs/promises';
import { Ranker, type TowerThreads } from '@watchnext/inference';
import { isRankingFile, loadRanking } from '@watchnext/snapshot-models';
import { fileOf, type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';

export interface RankingSnapshot {
  readonly ranker: Ranker;
  close(): Promise<void>;
}

/** Whether `loadRankingSnapshot` reads the file. */
export const isRankerFile = (file: string) => isRankingFile(file) || file === SNAPSHOT_FILES.ranker;

/**
 * @param local verified: its files are what its manifest says
 * @param closing aborted, the load ends after its present step, and leaves nothing open
 * @throws Error when the parts do not fit each other; the holder then goes on serving what it holds; the reason of `closing`
 */
export async function loadRankingSnapshot(
  local: LocalSnapshot,
  threads: TowerThreads,
  closing: AbortSignal,
): Promise<RankingSnapshot> {
  const { model, statistics } = await loadRanking(local, closing);
  const tower = await threads.load(await readFile(fileOf(local, SNAPSHOT_FILES.ranker)));
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
