/** A snapshot of as many videos as wanted that takes no training: what is measured is how it is loaded. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { radiusFor } from '@watchnext/ann-index';
import type { IndexParameters } from '@watchnext/contract';
import { statisticsText } from '@watchnext/features';
import { encodeRankerOf } from '@watchnext/inference';
import { SNAPSHOT_FILES, writeSafetensorsFile } from '@watchnext/snapshot-store';
import { randomCandidateModel, writeCandidateFiles } from '@watchnext/testing/snapshots';
import { BuildThreads } from '@watchnext/vector-search';
import type { LargeRanker } from '../rank/large-ranker';

const DIMENSIONS = 64;
/** Built in a hurry: a graph of few edges is loaded as one of many is, on a search thread. */
const GRAPH = { m: 8, efConstruction: 16, efSearch: 100 };

/** Writes all that retrieval and ranking read. */
export async function writeLargeSnapshot(
  directory: string,
  { model, tables }: LargeRanker,
  videoIds: readonly string[],
  seed: number,
): Promise<{ index: IndexParameters }> {
  const at = (file: string) => join(directory, file);
  const options = {
    videoIds,
    seed,
    dimensions: DIMENSIONS,
    tied: true,
    withIndex: false,
    factsOf: (videoId: string) => ({ channelId: `channel-${videoId.length}${videoId.slice(-4)}`, topics: ['t'] }),
  };
  await writeCandidateFiles(directory, options);
  const { videoVectors } = randomCandidateModel(options);
  const index = {
    ...GRAPH,
    space: 'augmented-l2',
    dimensions: DIMENSIONS,
    radius: radiusFor(videoVectors, DIMENSIONS),
    recallAt100: 0,
    shardCount: 1,
  };
  const threads = new BuildThreads(1);
  try {
    const graphs = await threads.build(videoVectors, index, [], () => undefined);
    await graphs.save([at(SNAPSHOT_FILES.index)]);
  } finally {
    await threads.close();
  }
  const { metadata, tensors } = model.toParts();
  await writeFile(at(SNAPSHOT_FILES.rankingMetadata), JSON.stringify(metadata));
  await writeSafetensorsFile(at(SNAPSHOT_FILES.rankingTensors), tensors);
  await writeFile(at(SNAPSHOT_FILES.ranker), encodeRankerOf(model));
  await writeFile(at(SNAPSHOT_FILES.statistics), statisticsText(tables));
  return { index };
}
