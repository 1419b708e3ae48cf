import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CandidateModel, ColdStart } from '@watchnext/candidate-model';
import { type Statistics, statisticsFromPacked } from '@watchnext/features';
import { RankingModel } from '@watchnext/ranking-model';
import { type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import type { LoadTask } from './load-program';
import type { CandidateFiles, RankingFiles } from './read-parts';

/** Compiled also where the library runs from its sources, as in specs: build first. */
const PROGRAM = join(__dirname, '..', 'dist', 'load-program.js');

export interface LoadedCandidate {
  readonly model: CandidateModel;
  /** Undefined for a snapshot from before there was one. */
  readonly coldStart: ColdStart | undefined;
}

export interface LoadedRanking {
  readonly model: RankingModel;
  readonly statistics: Statistics;
}

/**
 * Retrieval's part of a snapshot; its tables lie on shared memory. What this costs the calling thread does not grow with
 * the number of videos.
 * @param local verified: its files are what its manifest says
 * @throws Error for files that are missing, or do not fit each other, and for numbers that are not finite or too large for the index
 */
export async function loadCandidate({ directory, manifest }: LocalSnapshot): Promise<LoadedCandidate> {
  const withColdStart = SNAPSHOT_FILES.coldStartTensors in manifest.files;
  // 0, or no index: vectors of any length are found.
  const radius = manifest.index?.radius || undefined;
  const task = { model: 'candidate', directory, withColdStart, radius } as const;
  const { coldStart, ...parts } = await onThread<CandidateFiles>(task);
  return {
    model: CandidateModel.fromParts(parts),
    coldStart: coldStart && ColdStart.fromFiniteParts(coldStart),
  };
}

/** Ranking's part of a snapshot, as `loadCandidate`. @throws as there */
export async function loadRanking({ directory }: LocalSnapshot): Promise<LoadedRanking> {
  const { parts, statistics } = await onThread<RankingFiles>({ model: 'ranking', directory });
  return { model: RankingModel.fromParts(parts), statistics: statisticsFromPacked(statistics) };
}

function onThread<Files>(task: LoadTask): Promise<Files> {
  const worker = new Worker(PROGRAM, { workerData: task });
  return new Promise<Files>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread that loads models ended with ${code}`)));
  }).finally(() => worker.terminate());
}
