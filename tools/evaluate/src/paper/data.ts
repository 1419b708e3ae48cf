/** What the paper's experiments run on: a log, divided once. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validationCutoff } from '@watchnext/candidate-model';
import { importToArchive } from '@watchnext/datasets';
import {
  type CandidateExample,
  type RankingExample,
  type Statistics,
  statisticsFrom,
  type StatisticsTables,
} from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';
import { FROZEN, FROZEN_PARTITIONS, generateArchive } from '@watchnext/simulator';
import { splitWatches, type HeldOut } from '../candidates/protocol';
import { replayFolder, watchDataOf } from '../data/archive';
import type { Progress } from '../progress';
import { splitImpressions } from '../ranking/split';
import { dataCodeKey } from './code-key';
import { keepData, keptData } from './data-cache';

export interface PaperData {
  readonly name: string;
  readonly candidates: {
    readonly training: readonly CandidateExample[];
    /** Labels before this are those of an earlier run of the trainer: as long before the test as the test lasts. */
    readonly earlierUntilMs: number;
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
    readonly heldOutFromMs: number;
    /** What was known on each UTC day up to the split, days since 1970. */
    readonly statisticsByDay: ReadonlyMap<number, StatisticsTables>;
  };
  /** For the report. */
  readonly description: string;
}

/** As a snapshot of the split carries them: what is counted later are held-out labels. */
export function statisticsOf({ ranking }: PaperData): (atMs: number) => Statistics {
  const known = new Map([...ranking.statisticsByDay].map(([day, tables]) => [day, statisticsFrom(tables)]));
  return (atMs) => known.get(dayOf(Math.min(atMs, ranking.heldOutFromMs)))!;
}

const dayOf = (atMs: number) => Math.floor(atMs / 86_400_000);

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

/**
 * Under another name until it is whole, so that a run that was stopped leaves nothing half made; made anew where other code
 * had made it.
 */
async function madeOnce(folder: string, make: (folder: string) => Promise<void>): Promise<string> {
  const archive = join(folder, 'archive');
  const madeBy = join(folder, 'code');
  if (existsSync(madeBy) && readFileSync(madeBy, 'utf8') === dataCodeKey()) return archive;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await make(unfinished);
  await writeFile(join(unfinished, 'code'), dataCodeKey());
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  return archive;
}

/** @param workFolder where the archive's replay is kept for the next run */
export async function openData(
  source: ArchiveSource,
  workFolder: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<PaperData> {
  const { name, partitionCount } = source;
  const file = join(workFolder, `${name.replace(/[^a-zA-Z0-9]+/g, '-')}.data`);
  const kept = keptData(file);
  if (kept) return kept;
  const folder = await source.open(progress, signal);
  const task = progress.start(`replay ${name}`, 'records');
  const onProgress = (done: number, total: number) => task.update(done, total);
  const replayed = await replayFolder(folder, { partitionCount, signal, onProgress });
  task.finish();
  const data = paperDataOf(replayed, source);
  keepData(file, data);
  return data;
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
  const days = [
    ...new Set(
      [...impressions.training, ...impressions.heldOut].map(({ servedAtMs }) =>
        dayOf(Math.min(servedAtMs, impressions.heldOutFromMs)),
      ),
    ),
  ];
  const videoCount = new Set(training.map(({ labelVideoId }) => labelVideoId)).size;
  const startMs = training.reduce((least, { labelAtMs }) => Math.min(least, labelAtMs), Infinity);
  return {
    name,
    candidates: {
      training,
      earlierUntilMs: split.validationExamples.reduce((least, { labelAtMs }) => Math.min(least, labelAtMs), Infinity),
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
      heldOutFromMs: impressions.heldOutFromMs,
      statisticsByDay: new Map(days.map((day) => [day, statistics.tables(day * 86_400_000)])),
    },
    description:
      `${training.length} completed watches of ${videoCount} videos to train candidates on and ${split.test.length} to ask about; ` +
      `${impressions.training.length} impressions to train ranking on and ${impressions.heldOut.length} to measure it on (${split.description})`,
  };
}
