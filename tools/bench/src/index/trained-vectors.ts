/** Vectors that our trainer produced, and queries as its viewers would ask them. */
import { TOPICS } from '@watchnext/contract';
import { embeddedPaths } from '@watchnext/config';
import { openParquetArchive } from '@watchnext/event-archive';
import { DAY_MS, replayUser } from '@watchnext/features';
import { loadModels, readUserRecords } from '@watchnext/offline';
import { openFolderSnapshotStore } from '@watchnext/snapshot-store';
import type { BenchVectors } from './vectors';

/**
 * The video vectors of the snapshot that a data folder serves, and the vectors of as many of its users, the first of the
 * archive by key, each as of before their last watch.
 *
 * @param dataDirectory of embedded drivers, as `.watchnext`, or a world of `npm run simulate -- archive` that was trained on
 * @param partitionCount of its activity topic
 * @throws Error where nothing is published, or the archive holds too few users
 */
export async function trainedVectors(
  dataDirectory: string,
  partitionCount: number,
  queryCount: number,
): Promise<BenchVectors> {
  const paths = embeddedPaths(dataDirectory);
  const snapshots = openFolderSnapshotStore(paths.snapshots);
  const archive = openParquetArchive(paths.archive);
  try {
    const snapshotId = await snapshots.readPointer();
    if (snapshotId === undefined) throw new Error(`${dataDirectory} has no snapshot: train one first`);
    const { candidate } = await loadModels(await snapshots.fetch(snapshotId));
    const { dimensions } = candidate.config;
    const vectors = new Float32Array(new SharedArrayBuffer(candidate.videoVectors.byteLength));
    vectors.set(candidate.videoVectors);
    const queries = new Float32Array(queryCount * dimensions);
    const counts = { recordCount: 0, undecodableCount: 0, misplacedCount: 0 };
    const { signal } = new AbortController();
    let asked = 0;
    for await (const { records } of readUserRecords(archive, TOPICS.activity, partitionCount, counts, signal)) {
      const { candidateExamples } = replayUser(records, { joinWindowMs: DAY_MS, logEndMs: Infinity });
      const last = candidateExamples.at(-1);
      if (!last) continue;
      // Of several user vectors the first: each is a query to the graph.
      queries.set(candidate.userVector(last.features, 0).subarray(0, dimensions), asked * dimensions);
      if (++asked === queryCount) break;
    }
    if (asked < queryCount) throw new Error(`${dataDirectory} has ${asked} users with watches: ask for fewer queries`);
    const origin = `${vectors.length / dimensions} videos of snapshot ${snapshotId}`;
    return { vectors, queries, dimensions, origin };
  } finally {
    await Promise.all([snapshots.close(), archive.close()]);
  }
}
