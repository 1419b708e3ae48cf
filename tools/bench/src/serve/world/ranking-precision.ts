/** Rankers of a prepared world in the precision that they are to be served with: the same weights, so that nothing else differs. */
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeRankerOf } from '@watchnext/inference';
import { RankingModel, type ModelMetadata, type RankingPrecision } from '@watchnext/ranking-model';
import { readSafetensorsFile, SNAPSHOT_FILES } from '@watchnext/snapshot-store';

/** Those of float32 are made with the world. */
export const rankingFolder = (world: string, variant: string, precision: RankingPrecision): string =>
  join(world, precision === 'float32' ? `ranking-${variant}` : `ranking-${variant}-${precision}`);

/** Makes the folder of a variant where it is not there yet. */
export async function makeRankingIn(precision: RankingPrecision, world: string, variant: string): Promise<void> {
  const made = rankingFolder(world, variant, precision);
  if (existsSync(made)) return;
  const trained = rankingFolder(world, variant, 'float32');
  const metadataFile = join(trained, SNAPSHOT_FILES.rankingMetadata);
  const metadata = JSON.parse(await readFile(metadataFile, 'utf8')) as ModelMetadata;
  const inPrecision = { ...metadata, config: { ...metadata.config, precision } };
  const tensors = await readSafetensorsFile(join(trained, SNAPSHOT_FILES.rankingTensors));
  const model = RankingModel.fromParts({ metadata: inPrecision, tensors });
  // Under its name only once it is whole.
  const begun = `${made}.begun`;
  rmSync(begun, { recursive: true, force: true });
  mkdirSync(begun);
  const ownFiles: string[] = [SNAPSHOT_FILES.rankingMetadata, SNAPSHOT_FILES.ranker];
  for (const file of readdirSync(trained)) {
    if (!ownFiles.includes(file)) linkSync(join(trained, file), join(begun, file));
  }
  await writeFile(join(begun, SNAPSHOT_FILES.rankingMetadata), JSON.stringify(inPrecision));
  await writeFile(join(begun, SNAPSHOT_FILES.ranker), encodeRankerOf(model));
  renameSync(begun, made);
}
