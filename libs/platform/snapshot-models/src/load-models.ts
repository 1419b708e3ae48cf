import { join } from 'node:path';
import { CandidateModel, ColdStart } from '@watchnext/candidate-model';
import { type Statistics, statisticsFromPacked } from '@watchnext/features';
import { RankingModel } from '@watchnext/ranking-model';
import { fileOf, type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { onTaskThread } from '@watchnext/threads';
import type { LoadTask } from './load-program';
import type { CandidateFiles, RankingFiles } from './read-parts';

/** Compiled also where the library runs from its sources, as in specs: build first. */
const PROGRAM = join(__dirname, '..', 'dist', 'load-program.js');

export interface LoadedCandidate {
  readonly model: CandidateModel;
  /** Undefined for a snapshot from before there was one. */
  readonly coldStart: ColdStart | undefined;
  /** Length of the longest video vector. */
  readonly largestNorm: number;
}

export interface LoadedRanking {
  readonly model: RankingModel;
  readonly statistics: Statistics;
}

const CANDIDATE_FILES: ReadonlySet<string> = new Set([
  SNAPSHOT_FILES.candidateMetadata,
  SNAPSHOT_FILES.candidateTensors,
  SNAPSHOT_FILES.coldStartMetadata,
  SNAPSHOT_FILES.coldStartTensors,
]);
const RANKING_FILES: ReadonlySet<string> = new Set([
  SNAPSHOT_FILES.rankingMetadata,
  SNAPSHOT_FILES.rankingTensors,
  SNAPSHOT_FILES.statistics,
]);

/** Whether `loadCandidate` reads the file. */
export const isCandidateFile = (file: string) => CANDIDATE_FILES.has(file);

/** Whether `loadRanking` reads the file. */
export const isRankingFile = (file: string) => RANKING_FILES.has(file);

/**
 * Retrieval's part of a snapshot; its tables lie on shared memory. What this costs the calling thread does not grow with
 * the number of videos.
 * @param local verified: its files are what its manifest says
 * @param signal aborted, the thread that reads is ended
 * @throws Error for files that are missing, or do not fit each other, and for numbers that are not finite or too large for the index;
 *   SnapshotFileNotFetchedError; the signal's reason
 */
export async function loadCandidate(local: LocalSnapshot, signal?: AbortSignal): Promise<LoadedCandidate> {
  const { directory, manifest } = local;
  for (const file of CANDIDATE_FILES) fileOf(local, file);
  const withColdStart = SNAPSHOT_FILES.coldStartTensors in manifest.files;
  // 0, or no index: vectors of any length are found.
  const radius = manifest.index?.radius || undefined;
  const task = { model: 'candidate', directory, withColdStart, radius } as const;
  const { coldStart, largestNorm, ...parts } = await onThread<CandidateFiles>(task, signal);
  return {
    model: CandidateModel.fromParts(parts),
    coldStart: coldStart && ColdStart.fromFiniteParts(coldStart),
    largestNorm,
  };
}

/** Ranking's part of a snapshot, as `loadCandidate`. @throws as there */
export async function loadRanking(local: LocalSnapshot, signal?: AbortSignal): Promise<LoadedRanking> {
  for (const file of RANKING_FILES) fileOf(local, file);
  const { directory } = local;
  const { parts, statistics } = await onThread<RankingFiles>({ model: 'ranking', directory }, signal);
  return { model: RankingModel.fromParts(parts), statistics: statisticsFromPacked(statistics) };
}

function onThread<Files>(task: LoadTask, signal?: AbortSignal): Promise<Files> {
  return onTaskThread<Files>(PROGRAM, 'loads models', task, signal);
}
