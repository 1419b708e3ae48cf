/** Ranking's part of a snapshot, loaded: the ranking model's tables and quantiles, the tower, the statistics. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { statisticsFrom } from '@watchnext/features';
import { Ranker, RankerStack } from '@watchnext/inference';
import { RankingModel } from '@watchnext/ranking-model';
import { type LocalSnapshot, readSafetensorsFile, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { z } from 'zod';

export interface RankingSnapshot {
  readonly ranker: Ranker;
  close(): Promise<void>;
}

const count = z.number().nonnegative();
const counts = z.record(
  z.string(),
  z.object({ impressionCount: count, clickCount: count, clickWatchSeconds: count, watchCount: count }),
);
const statisticsFile = z.object({
  videos: counts,
  channels: counts,
  topics: counts,
  surfaces: z.record(z.string(), counts),
  countries: z.record(z.string(), counts),
  wholeCountries: counts,
});

/**
 * @param local verified: its files are what its manifest says
 * @throws Error when the parts do not fit each other; the holder then goes on serving what it holds
 */
export async function loadRankingSnapshot({ directory }: LocalSnapshot): Promise<RankingSnapshot> {
  const at = (file: string) => join(directory, file);
  const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(at(file), 'utf8'));
  const model = RankingModel.fromParts({
    metadata: (await json(SNAPSHOT_FILES.rankingMetadata)) as Parameters<typeof RankingModel.fromParts>[0]['metadata'],
    tensors: await readSafetensorsFile(at(SNAPSHOT_FILES.rankingTensors)),
  });
  const statistics = statisticsFrom(statisticsFile.parse(await json(SNAPSHOT_FILES.statistics)));
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
