/** What the paper's experiments run on: a log, divided once. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { validationCutoff } from '@watchnext/candidate-model';
import { importToArchive } from '@watchnext/datasets';
import type { CandidateExample, RankingExample, Statistics } from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';
import { FROZEN, FROZEN_PARTITIONS, generateArchive } from '@watchnext/simulator';
import { splitWatches, type HeldOut } from '../candidates/protocol';
import { replayFolder, watchDataOf } from '../data/archive';
import type { Progress } from '../progress';
import { byDay, splitImpressions } from '../ranking/split';

export interface PaperData {
  readonly name: string;
  readonly candidates: {
    readonly training: readonly CandidateExample[];
    readonly queries: readonly HeldOut[];
    /** Of recall, which stands beside MAP. */
    readonly recallK: number;
    readonly videoCount: number;
    readonly uploadedAtMs: ReadonlyMap<string, number>;
    /** Whether anybody searched; whether videos appear while the log goes on. */
    readonly hasSearches: boolean;
    readonly hasUploads: boolean;
  };
  readonly ranking: {
    readonly training: readonly RankingExample[];
    readonly heldOut: readonly RankingExample[];
    readonly statisticsAt: (atMs: number) => Statistics;
  };
  /** For the report. */
  readonly description: string;
}

export interface ArchiveSource {
  readonly name: string;
  readonly partitionCount: number;
  readonly testDays: number;
  readonly testFromMs?: number;
  /** Watches before it are history, not labels: their times are not known, only their order. */
  readonly labelsFromMs?: number;
  /** Folder of the archive, made first where it is not there. */
  readonly open: (progress: Progress, signal: AbortSignal) => Promise<string>;
}

export const SMALL_WORLD = 'simulated world "small"';
export const KUAIRAND = 'KuaiRand-Pure';
const QUERIES_PER_USER = 5;
/** KuaiRand's days are Beijing's: 25 April is the first of its log, 4 and 5 May are the test. */
const KUAIRAND_FROM_MS = Date.UTC(2022, 3, 24, 16);
const KUAIRAND_TEST_FROM_MS = Date.UTC(2022, 4, 3, 16);

export function smallWorld(workFolder: string): ArchiveSource {
  return {
    name: SMALL_WORLD,
    partitionCount: FROZEN_PARTITIONS,
    testDays: 2,
    open: (progress, signal) =>
      madeOnce(join(workFolder, 'small-world'), async (folder) => {
        const task = progress.start('live the small world', 'viewers');
        await generateArchive({
          world: FROZEN.small,
          archiveFolder: join(folder, 'archive'),
          spillFolder: join(folder, 'spill'),
          partitionCount: FROZEN_PARTITIONS,
          workerCount: 1,
          signal,
          onProgress: (stage, done, total) => stage === 'living' && task.update(done, total),
        });
        task.finish();
      }),
  };
}

export function kuairand(path: string, workFolder: string): ArchiveSource {
  const partitionCount = 4;
  return {
    name: KUAIRAND,
    partitionCount,
    testDays: 2,
    testFromMs: KUAIRAND_TEST_FROM_MS,
    labelsFromMs: KUAIRAND_FROM_MS,
    open: (progress, signal) =>
      madeOnce(join(workFolder, 'kuairand'), async (folder) => {
        const task = progress.start('import KuaiRand', 'events');
        const onSent = (done: number, total: number) => task.update(done, total);
        await importToArchive('kuairand', path, { archive: join(folder, 'archive'), partitionCount, onSent, signal });
        task.finish();
      }),
  };
}

/** Under another name until it is whole, so that a run that was stopped leaves nothing half made. */
async function madeOnce(folder: string, make: (folder: string) => Promise<void>): Promise<string> {
  const archive = join(folder, 'archive');
  if (existsSync(archive)) return archive;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await make(unfinished);
  await rename(unfinished, folder);
  return archive;
}

export async function openData(source: ArchiveSource, progress: Progress, signal: AbortSignal): Promise<PaperData> {
  const { name, partitionCount } = source;
  const folder = await source.open(progress, signal);
  const task = progress.start(`replay ${name}`, 'records');
  const onProgress = (done: number, total: number) => task.update(done, total);
  const replayed = await replayFolder(folder, { partitionCount, signal, onProgress });
  task.finish();
  return paperDataOf(replayed, source);
}

/** @throws EvaluationDataError when a part of a split would be empty */
export function paperDataOf(
  replayed: ReplayedLog,
  { name, testDays, testFromMs, labelsFromMs = -Infinity }: Omit<ArchiveSource, 'open' | 'partitionCount'>,
): PaperData {
  const watches = watchDataOf(replayed, name);
  const from = testFromMs === undefined ? {} : { testFromMs };
  const split = splitWatches(watches, { name: 'temporal', testDays, queriesPerUser: QUERIES_PER_USER, ...from }, true);
  const training = [...split.training, ...split.validationExamples].filter(
    ({ labelAtMs }) => labelAtMs >= labelsFromMs,
  );
  const impressions = splitImpressions(replayed, { source: name, testDays, part: 'test', ...from });
  const { statistics } = replayed;
  const videoCount = new Set(training.map(({ labelVideoId }) => labelVideoId)).size;
  const startMs = training.reduce((least, { labelAtMs }) => Math.min(least, labelAtMs), Infinity);
  return {
    name,
    candidates: {
      training,
      queries: split.test,
      recallK: validationCutoff(videoCount),
      videoCount,
      uploadedAtMs: watches.uploadedAtMs,
      hasSearches: training.some(({ features }) => features.searchTokens.length > 0),
      hasUploads: training.some(({ labelVideoId }) => (watches.uploadedAtMs.get(labelVideoId) ?? 0) > startMs),
    },
    ranking: {
      training: impressions.training,
      heldOut: impressions.heldOut,
      statisticsAt: byDay((atMs) => statistics.asOf(Math.min(atMs, impressions.heldOutFromMs))),
    },
    description:
      `${training.length} completed watches of ${videoCount} videos to train candidates on and ${split.test.length} to ask about; ` +
      `${impressions.training.length} impressions to train ranking on and ${impressions.heldOut.length} to measure it on (${split.description})`,
  };
}
