/**
 * From Parquet to the examples of both models, in a process of its own, whose largest resident memory is read at its end.
 *
 * A rate for each core is events over processor seconds, those of DuckDB's threads included: on an idle machine the clock
 * shows more, beside other programs less.
 */
import { temporaryFolder } from '@watchnext/end-to-end';
import { join } from 'node:path';
import { percent, startTask } from '@watchnext/command-line';
import { FROZEN, FROZEN_PARTITIONS, type FrozenWorldName, generateArchive } from '@watchnext/simulator';
import { measuredInProcess } from '../measured-process';
import { report, type BenchReport } from '../report';
import { copyArchive } from './copy-archive';
import type { PartOfTime } from './time-by-part';
import type { ModelDifference, WindowDifference } from './window-difference';

export interface ReplayBenchOptions {
  readonly world: FrozenWorldName;
  readonly archive?: string;
  readonly partitions: number;
  readonly workers: number;
  /** How often the archive's users are to be there, each time under other ids. */
  readonly copies: number;
  /** Whether to sample where the replay's thread spends its time, too. */
  readonly profile: boolean;
  /** Whether to say by `digestOf` what was made. */
  readonly digest: boolean;
  /** As `ReplayOptions.exampleDays`. */
  readonly trainingDays?: number;
  /** Days before those that are read; what is earlier is not, as if it were not there. Default: all. */
  readonly warmUpDays?: number;
  /** Whether to compare with a replay of all of the log. */
  readonly difference: boolean;
}

/** What the replaying process is to do. */
export interface ReplayTask {
  readonly folder: string;
  readonly partitionCount: number;
  readonly trainingDays?: number;
  readonly warmUpDays?: number;
  readonly asked: readonly ('profile' | 'digest' | 'difference')[];
}

export interface StageFigures {
  /** `read`: Parquet to records; `decode`: and to events; `replay`: and to examples. */
  readonly stage: 'read' | 'decode' | 'replay';
  readonly events: number;
  readonly seconds: number;
  readonly processorSeconds: number;
}

/** What the replaying process tells. */
export interface ReplayFigures {
  readonly stages: readonly StageFigures[];
  readonly candidateExamples: number;
  readonly rankingExamples: number;
  readonly peakMemoryMiB: number;
  readonly duckdb: string;
  /** Of the last stage, where it was asked for. */
  readonly parts?: readonly PartOfTime[];
  /** As `digestOf` gives it, where it was asked for. */
  readonly digest?: string;
  readonly difference?: WindowDifference;
}

export async function benchReplay(options: ReplayBenchOptions): Promise<{ result: BenchReport; text: string }> {
  const { world, archive, copies } = options;
  if (options.warmUpDays !== undefined && options.trainingDays === undefined) {
    throw new Error('--warm-up-days are those before --training-days: say how many these are');
  }
  const isMade = archive === undefined || copies > 1;
  const temporary = isMade ? temporaryFolder('replay-bench') : undefined;
  const folder = temporary?.path;
  try {
    const partitions = archive === undefined ? FROZEN_PARTITIONS : options.partitions;
    let replayed = archive;
    if (folder !== undefined && archive === undefined) replayed = await generate(world, folder, options.workers);
    if (folder !== undefined && copies > 1) replayed = await copy(replayed!, folder, partitions, copies);
    const figures = await replayApart(replayed!, partitions, options);
    const { trainingDays, warmUpDays } = options;
    const source = archive === undefined ? { world, copies } : { archive, partitions, copies };
    const setting = {
      ...source,
      ...(trainingDays && { trainingDays }),
      ...(warmUpDays !== undefined && { warmUpDays }),
    };
    return { result: report('replay', setting, figures), text: describe(figures) };
  } finally {
    await temporary?.remove();
  }
}

/** @returns where the archive is */
async function generate(world: FrozenWorldName, folder: string, workerCount: number): Promise<string> {
  const archiveFolder = join(folder, 'archive');
  const living = startTask('Living the world', 'viewers');
  await generateArchive({
    world: FROZEN[world],
    archiveFolder,
    spillFolder: folder,
    partitionCount: FROZEN_PARTITIONS,
    workerCount,
    onProgress: (stage, done, total) => stage === 'living' && living.update(done, total),
  });
  living.finish();
  return archiveFolder;
}

async function copy(from: string, folder: string, partitionCount: number, copies: number): Promise<string> {
  const to = join(folder, 'copies');
  const task = startTask('Copying', 'events');
  await copyArchive({ from, to, partitionCount, copies }, (done, total) => task.update(done, total));
  task.finish();
  return to;
}

function replayApart(folder: string, partitionCount: number, options: ReplayBenchOptions): Promise<ReplayFigures> {
  const { trainingDays, warmUpDays } = options;
  const asked = (['profile', 'digest', 'difference'] as const).filter((what) => options[what]);
  const task: ReplayTask = { folder, partitionCount, trainingDays, warmUpDays, asked };
  return measuredInProcess(join(__dirname, 'replay-process.js'), [JSON.stringify(task)]);
}

function describe(figures: ReplayFigures): string {
  const { stages, candidateExamples, rankingExamples, peakMemoryMiB, duckdb, parts, digest, difference } = figures;
  const whole = (value: number) => Math.round(value).toLocaleString('en-US');
  const names = { read: 'Parquet to records', decode: '… to events', replay: '… to examples' };
  return [
    '| | events | events/s a core | events/s by the clock | µs of processor an event |',
    '|---|---|---|---|---|',
    ...stages.map(
      ({ stage, events, seconds, processorSeconds }) =>
        `| ${names[stage]} | ${whole(events)} | ${whole(events / processorSeconds)} | ${whole(events / seconds)} | ${((1e6 * processorSeconds) / events).toFixed(2)} |`,
    ),
    '',
    `${whole(candidateExamples)} candidate and ${whole(rankingExamples)} ranking examples; largest resident memory ${whole(peakMemoryMiB)} MiB; DuckDB ${duckdb}`,
    ...(digest ? ['', `digest ${digest}`] : []),
    ...(difference ? ['', ...describeDifference(difference)] : []),
    ...(parts ? ['', ...describeParts(parts, stages[stages.length - 1].events)] : []),
  ].join('\n');
}

function describeDifference({ candidate, ranking, differingCounts }: WindowDifference): string[] {
  const share = (part: number, of: number) => percent(part / Math.max(1, of), 2);
  const row = (model: string, { examples, differing, missing }: ModelDifference) =>
    `| ${model} | ${share(differing, examples)} | ${share(missing, examples)} |`;
  return [
    '| beside a replay of all | other examples | missing |',
    '|---|---|---|',
    row('candidates', candidate),
    row('ranking', ranking),
    '',
    `other counts of their video: ${share(differingCounts, ranking.examples)} of the impressions`,
  ];
}

function describeParts(parts: readonly PartOfTime[], events: number): string[] {
  return [
    "| part of the replay's own thread | µs an event |",
    '|---|---|',
    ...parts.map(({ part, seconds }) => `| ${part} | ${((1e6 * seconds) / events).toFixed(2)} |`),
  ];
}
