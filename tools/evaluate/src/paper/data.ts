/** What the paper's experiments run on: a log, divided once. */
import { join } from 'node:path';
import { datasetFingerprint } from '@watchnext/datasets';
import {
  type CandidateExample,
  DAY_MS,
  type RankingExample,
  type Statistics,
  statisticsFrom,
  type StatisticsTables,
} from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';
import { FROZEN, FROZEN_PARTITIONS, generateArchive } from '@watchnext/simulator';
import { splitWatches, type HeldOut, type Protocol, type TemporalSplit } from '../candidates/protocol';
import { replayFolder, watchDataOf } from '../data/archive';
import { importShown } from '../data/imported';
import type { Progress } from '../progress';
import { splitImpressions } from '../ranking/split';
import type { AgeRange } from './age-curve';
import { keepData, keptData } from './data-cache';
import { madeOnce } from './made-once';
import { plainCandidate, plainImpressions } from './plain-examples';

export interface PaperData {
  readonly name: string;
  /** Of the files that it was imported from; empty of a simulated world. */
  readonly fingerprint: string;
  readonly candidates: {
    readonly training: readonly CandidateExample[];
    /** Labels before this are those of an earlier run of the trainer: as long before what is asked about as that lasts. */
    readonly earlierUntilMs: number;
    readonly queries: readonly HeldOut[];
    readonly videoCount: number;
    readonly uploadedAtMs: ReadonlyMap<string, number>;
    /** Whether anybody searched; whether users differ in country, device, age or gender; whether videos appear while the log goes on. */
    readonly hasSearches: boolean;
    readonly hasProfiles: boolean;
    readonly hasUploads: boolean;
    /** Of videos when they were watched, as far as Fig. 4 looks at them; absent where no upload times are known. */
    readonly ageDays?: AgeRange;
  };
  readonly ranking: {
    readonly training: readonly RankingExample[];
    readonly heldOut: readonly RankingExample[];
    readonly heldOutFromMs: number;
    /** Of `training`. */
    readonly videoCount: number;
    /** What was known on each UTC day up to the split, days since 1970. */
    readonly statisticsByDay: ReadonlyMap<number, StatisticsTables>;
  };
  /** For the report. */
  readonly description: string;
}

/** As of the split: what is counted later are held-out labels. */
export function statisticsOf({ ranking }: PaperData): (atMs: number) => Statistics {
  const known = new Map([...ranking.statisticsByDay].map(([day, tables]) => [day, statisticsFrom(tables)]));
  return (atMs) => known.get(dayOf(Math.min(atMs, ranking.heldOutFromMs)))!;
}

const dayOf = (atMs: number) => Math.floor(atMs / DAY_MS);
/** Of Fig. 4: a model should expect nothing of what is not uploaded yet, and most of an upload's life is its first weeks. */
const DAYS_BEFORE_UPLOAD = 5;
const AGE_SPAN_DAYS = 25;

export interface ArchiveSource {
  readonly name: string;
  readonly partitionCount: number;
  readonly protocol: Protocol;
  /** Watches before it are history, not labels: their times are not known, only their order. */
  readonly labelsFromMs?: number;
  /** As `PaperData.fingerprint`. @throws DatasetError for files that are not there */
  readonly fingerprint: () => Promise<string>;
  /** Folder of the archive, made first where it is not there. */
  readonly open: (progress: Progress, signal: AbortSignal) => Promise<string>;
}

const SMALL_WORLD = 'simulated world "small"';
const KUAIRAND = 'KuaiRand-Pure';
const MOVIETWEETINGS = 'MovieTweetings';
const TWO_DAYS = { name: 'temporal', testDays: 2, queriesPerUser: 5 } as const;
const IMPORT_PARTITIONS = 4;
/** KuaiRand's days are Beijing's: 25 April is the first of its log, 4 and 5 May are the test. */
const KUAIRAND_FROM_MS = Date.UTC(2022, 3, 24, 16);
const KUAIRAND_TEST_FROM_MS = Date.UTC(2022, 4, 3, 16);

export function smallWorld(workFolder: string): ArchiveSource {
  return {
    name: SMALL_WORLD,
    partitionCount: FROZEN_PARTITIONS,
    protocol: TWO_DAYS,
    fingerprint: async () => '',
    open: (progress, signal) =>
      madeOnce(join(workFolder, 'small-world'), '', async (folder) => {
        const task = progress.start('live the small world', 'viewers');
        await generateArchive({
          world: FROZEN.small,
          archiveFolder: join(folder, 'archive'),
          spillFolder: folder,
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
  return {
    name: KUAIRAND,
    partitionCount: IMPORT_PARTITIONS,
    protocol: { ...TWO_DAYS, testFromMs: KUAIRAND_TEST_FROM_MS },
    labelsFromMs: KUAIRAND_FROM_MS,
    fingerprint: () => datasetFingerprint('kuairand', path),
    open: (progress, signal) => importedOnce('kuairand', path, join(workFolder, 'kuairand'), progress, signal),
  };
}

export function movietweetings(path: string, workFolder: string): ArchiveSource {
  return {
    name: MOVIETWEETINGS,
    partitionCount: IMPORT_PARTITIONS,
    protocol: { name: 'leave-one-out', minWatches: 5 },
    fingerprint: () => datasetFingerprint('movietweetings', path),
    open: (progress, signal) =>
      importedOnce('movietweetings', path, join(workFolder, 'movietweetings'), progress, signal),
  };
}

/** @param folder gets the archive */
async function importedOnce(
  dataset: string,
  path: string,
  folder: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  return madeOnce(folder, await datasetFingerprint(dataset, path), async (unfinished) => {
    const archive = join(unfinished, 'archive');
    await importShown(dataset, path, { archive, partitionCount: IMPORT_PARTITIONS, signal }, progress);
  });
}

/** What is asked about: the test part, or the part before it where something is chosen by the answers. */
export type AskedPart = 'test' | 'validation';

export interface OpenOptions {
  readonly part: AskedPart;
  /** Where the archive's replay is kept for the next run. */
  readonly workFolder: string;
  readonly withWatchTimes: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** @returns the log, and the file where it is kept for other processes */
export async function openData(
  source: ArchiveSource,
  options: OpenOptions,
): Promise<{ readonly data: PaperData; readonly file: string }> {
  const { name, partitionCount } = source;
  const { workFolder, withWatchTimes, part, progress, signal } = options;
  const kind = `${withWatchTimes ? '-with-times' : ''}${part === 'test' ? '' : `-${part}`}.data`;
  const file = join(workFolder, `${name.replace(/[^a-zA-Z0-9]+/g, '-')}${kind}`);
  const fingerprint = await source.fingerprint();
  const kept = keptData(file);
  if (kept?.fingerprint === fingerprint) return { data: kept, file };
  const folder = await source.open(progress, signal);
  const task = progress.start(`replay ${name}`, 'records');
  const onProgress = (done: number, total: number) => task.update(done, total);
  const replayed = await replayFolder(folder, { partitionCount, withWatchTimes, signal, onProgress });
  task.finish();
  const data = paperDataOf(replayed, { ...source, fingerprint }, part);
  keepData(file, data);
  return { data, file };
}

/**
 * @param part `validation` leaves the test part out altogether: nothing of it is trained on or asked about
 * @throws EvaluationDataError when a part of a split would be empty
 */
export function paperDataOf(
  replayed: ReplayedLog,
  {
    name,
    fingerprint,
    protocol,
    labelsFromMs = -Infinity,
  }: Pick<ArchiveSource, 'name' | 'protocol' | 'labelsFromMs'> & Pick<PaperData, 'fingerprint'>,
  part: AskedPart = 'test',
): PaperData {
  const watches = watchDataOf(replayed, name);
  const split = splitWatches(watches, protocol, 'left-out');
  const isTest = part === 'test';
  const asked = split[part];
  const training = [...split.training, ...(isTest ? split.validationExamples : [])]
    .filter(({ labelAtMs }) => labelAtMs >= labelsFromMs)
    .map(plainCandidate);
  const ranking = protocol.name === 'temporal' ? rankingDataOf(replayed, name, protocol, part) : NO_IMPRESSIONS;
  const videoCount = new Set(training.map(({ labelVideoId }) => labelVideoId)).size;
  const startMs = firstOf(training);
  const validationFromMs = firstOf(split.validationExamples);
  const uploadedAt = (videoId: string) => watches.uploadedAtMs.get(videoId) ?? NaN;
  const hasUploads = training.some(({ labelVideoId }) => uploadedAt(labelVideoId) > startMs);
  const youngestDays = hasUploads
    ? -DAYS_BEFORE_UPLOAD
    : training.reduce((least, { labelVideoId, labelAtMs }) => {
        const ageDays = Math.floor((labelAtMs - uploadedAt(labelVideoId)) / DAY_MS);
        return ageDays < least ? ageDays : least;
      }, Infinity);
  return {
    name,
    fingerprint,
    candidates: {
      training,
      earlierUntilMs: isTest
        ? validationFromMs
        : 2 * validationFromMs - firstOf(split.test.map(({ example }) => example)),
      queries: asked.map(({ example, earlierVideoIds }) => ({
        example: plainCandidate(example),
        earlierVideoIds,
      })),
      videoCount,
      uploadedAtMs: watches.uploadedAtMs,
      hasSearches: training.some(({ features }) => features.searchTokens.length > 0),
      hasProfiles: new Set(training.map(({ features }) => profileOf(features))).size > 1,
      hasUploads,
      ...(Number.isFinite(youngestDays)
        ? { ageDays: { first: youngestDays, last: youngestDays + AGE_SPAN_DAYS } }
        : {}),
    },
    ranking,
    description:
      `${training.length} completed watches of ${videoCount} videos to train candidates on and ${asked.length} to ask about` +
      (ranking === NO_IMPRESSIONS
        ? ''
        : `; ${ranking.training.length} impressions to train ranking on and ${ranking.heldOut.length} to measure it on`) +
      ` (${split.description}${isTest ? '' : '; asked about the validation part, nothing of the test part is looked at'})`,
  };
}

const firstOf = (examples: readonly CandidateExample[]) =>
  examples.reduce((least, { labelAtMs }) => Math.min(least, labelAtMs), Infinity);

const profileOf = ({ country, device, loggedIn, ageYears, gender }: CandidateExample['features']) =>
  [country, device, loggedIn, ageYears, gender].join('\n');

/** Where the log has none, or they are not divided by time. */
const NO_IMPRESSIONS: PaperData['ranking'] = {
  training: [],
  heldOut: [],
  heldOutFromMs: Infinity,
  videoCount: 0,
  statisticsByDay: new Map(),
};

function rankingDataOf(
  replayed: ReplayedLog,
  source: string,
  { testDays, testFromMs }: TemporalSplit,
  part: AskedPart,
): PaperData['ranking'] {
  const from = testFromMs === undefined ? {} : { testFromMs };
  const split = splitImpressions(replayed, { source, testDays, part, ...from });
  const { heldOutFromMs } = split;
  const [training, heldOut] = [plainImpressions(split.training), plainImpressions(split.heldOut)];
  const dayKnownAt = ({ servedAtMs }: RankingExample) => dayOf(Math.min(servedAtMs, heldOutFromMs));
  const days = [...new Set([...training, ...heldOut].map(dayKnownAt))];
  const statisticsByDay = new Map(days.map((day) => [day, replayed.statistics.tables(day * DAY_MS)]));
  const videoCount = new Set(training.map(({ video }) => video.videoId)).size;
  return { training, heldOut, heldOutFromMs, videoCount, statisticsByDay };
}
