/** An event archive, replayed through the reducer that serves: what ingestion wrote, or `npm run import` to a folder. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { requireArchiveFolder } from '@watchnext/datasets';
import { openParquetArchive } from '@watchnext/event-archive';
import { type CandidateExample, HOUR_MS } from '@watchnext/features';
import { type ReplayedLog, readCatalogue, replayArchive } from '@watchnext/offline';
import { EvaluationDataError, type UserWatches, type WatchData } from './watch-data';

export interface ArchiveOptions {
  readonly partitionCount: number;
  /** Whether candidate features get the times of watches (`needsWatchTimes`). */
  readonly withWatchTimes?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Of candidate examples all are kept, of heavy users too: what is trained on, what is asked for and what was seen is decided by the split,
 * and a bound before it would take the oldest from one side only. So memory goes by the log's completed watches, an example of some
 * hundred bytes for each; how many of a user's an epoch learns from is bounded by `examplesPerUserPerEpoch`.
 *
 * @throws DatasetError for a folder that is not there or no archive, NothingToReplayError for an empty archive, ArchiveCorruptError naming a file
 * that cannot be read
 */
export async function replayFolder(folder: string, options: ArchiveOptions): Promise<ReplayedLog> {
  const { partitionCount, withWatchTimes = false, signal, onProgress } = options;
  await requireArchiveFolder(folder);
  const archive = openParquetArchive(folder);
  try {
    const catalogue = await readCatalogue(archive, signal);
    const settings = { partitionCount, joinWindowMs: 24 * HOUR_MS, withWatchTimes };
    return (await replayArchive(archive, catalogue, settings, signal, onProgress)).replayed;
  } finally {
    await archive.close();
  }
}

/**
 * Changes with what an archive's folder holds: the names of its files say partitions, offsets and the checksums of their bytes. Taken before a replay,
 * it never stands for more than was replayed.
 */
export async function archiveFingerprint(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet'));
  return createHash('sha256').update(names.sort().join('\n')).digest('hex');
}

/** The candidate half of a replayed log. @throws EvaluationDataError when nobody completed a watch */
export function watchDataOf({ candidateExamples, facts }: ReplayedLog, source: string): WatchData {
  if (candidateExamples.length === 0)
    throw new EvaluationDataError(`${source} holds no completed watch: nothing to evaluate candidates on`);
  const byUser = new Map<string, CandidateExample[]>();
  for (const example of candidateExamples) {
    const examples = byUser.get(example.userId);
    if (examples) examples.push(example);
    else byUser.set(example.userId, [example]);
  }
  const users = [...byUser].map(([userId, examples]): UserWatches => {
    examples.sort((a, b) => a.labelAtMs - b.labelAtMs);
    return { userId, examples };
  });
  // The archive's partitions must not decide about the order in which seeds meet users.
  users.sort((a, b) => (a.userId < b.userId ? -1 : 1));
  const uploaded = [...facts].filter(([, { uploadedAtMs }]) => uploadedAtMs > 0);
  return {
    source,
    timed: true,
    users,
    uploadedAtMs: new Map(uploaded.map(([videoId, { uploadedAtMs }]) => [videoId, uploadedAtMs])),
  };
}
