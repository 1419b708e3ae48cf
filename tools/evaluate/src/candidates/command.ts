import { rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { madeFolder, moment, newFile, refuseUnheeded } from '@watchnext/command-line';
import { makeOwnFolder } from '@watchnext/folder-lock';
import { type Command, Option } from 'commander';
import { count, counts, readableFile, repeated } from '../command-arguments';
import { watchDataOf } from '../data/archive';
import { importShown } from '../data/imported';
import { readSequences } from '../data/sequences';
import type { WatchData } from '../data/watch-data';
import { UsageError } from '../exit-codes';
import { untilInterrupted } from '../interruption';
import { type Progress, progressOnStandardError } from '../progress';
import { showReplay } from '../replay';
import { writeOutputs } from '../document/evaluation';
import { evaluationReport } from '../report';
import { trainingEngines } from '../training-engines';
import { evaluateCandidates } from './evaluate';
import { COMPARISON_NAMES, formsNeedWatchTimes, formsOf } from './forms';
import { type Protocol, SEEN, type Seen } from './protocol';
import { candidateTables } from './table';

interface CandidateOptions {
  readonly archive?: string;
  readonly partitions: number;
  readonly dataset?: string;
  readonly path?: string;
  readonly mapping?: string;
  readonly sequences?: string;
  readonly protocol?: 'leave-one-out' | 'temporal';
  readonly minWatches: number;
  readonly testDays: number;
  readonly testFrom?: number;
  readonly queriesPerUser: number;
  readonly on: 'test' | 'validation';
  readonly seen: Seen;
  readonly k?: readonly number[];
  readonly seeds: readonly number[];
  readonly compare?: string;
  readonly forms?: string;
  readonly set?: readonly string[];
  readonly baselines: boolean;
  readonly models: boolean;
  readonly threads: number;
  readonly json?: string;
  readonly report?: string;
}

interface ReplayNeeds {
  readonly withWatchTimes: boolean;
}

export function addCandidateCommand(program: Command): void {
  program
    .command('candidates')
    .description('next-watch prediction over the full catalogue: models beside baselines')
    .option('--archive <folder>', 'data: an event archive, as ingestion or an import writes it')
    .option('--partitions <n>', "partitions of the archive's activity topic", count, 4)
    .option('--dataset <name>', 'data: imported first, from --path (npm run import -- --help lists the names)')
    .option('--path <path>', "the data set's folder or file")
    .option('--mapping <file>', 'of a table: which column is what; default: the one kept beside it', readableFile)
    .option('--sequences <file>', 'data: plain sequences, a line "user<TAB>item item …" for each user, without times')
    .addOption(
      new Option('--protocol <name>', 'default: temporal, or leave-one-out for plain sequences').choices([
        'leave-one-out',
        'temporal',
      ]),
    )
    .option('--min-watches <n>', 'leave-one-out: users with fewer are left out altogether', count, 5)
    .option('--test-days <n>', 'temporal: UTC days held out at the end', count, 2)
    .option('--test-from <time>', 'temporal: instead, from this moment on (ISO 8601; UTC without a zone)', moment)
    .option('--queries-per-user <n>', 'temporal: at most so many of one user, the first', count, 5)
    .addOption(
      new Option('--on <part>', 'choose settings on validation; test says how good the choice was')
        .choices(['test', 'validation'])
        .default('test'),
    )
    .addOption(
      new Option('--seen <how>', 'what a user watched before; served: left out as far as serving knows of it')
        .choices(SEEN)
        .default('left-out'),
    )
    .option('--k <list>', 'lengths of lists (default: 10,50,100, and less of no more than 100 videos)', counts)
    .option('--seeds <list>', 'the model is trained once with each', counts, [1])
    .addOption(new Option('--compare <what>', 'rows for forms of the model').choices(COMPARISON_NAMES))
    .option('--forms <file>', 'rows from a JSON file: [{"name": "…", "config": {"dimensions": 128}}, …]')
    .option('--set <setting=value>', 'change a setting of the model; may be repeated', repeated)
    .option('--no-baselines', 'only the models')
    .option('--no-models', 'only the baselines')
    .option('--threads <n>', 'that models are trained on; any number gives the same', count, availableParallelism())
    .option('--json <file>', 'also write the report, with recall curves and training histories, to this file', newFile)
    .option('--report <folder>', 'also write report.html and report.md, with plots, to this folder', madeFolder)
    .action(runCandidates);
}

async function runCandidates(options: CandidateOptions, command: Command): Promise<void> {
  refuseOthers(options, command);
  const signal = untilInterrupted();
  const progress = progressOnStandardError;
  const forms = options.models ? formsOf(options) : [];
  if (forms.length === 0 && !options.baselines)
    throw new UsageError('--no-models and --no-baselines leave nothing to evaluate: leave one of them out');
  const data = await readData({ ...options, withWatchTimes: formsNeedWatchTimes(forms) }, progress, signal);
  const createEngine = (await trainingEngines(options.threads)).candidate;
  const candidates = await evaluateCandidates(data, {
    protocol: protocolOf(options),
    part: options.on,
    seen: options.seen,
    ks: options.k && [...options.k].sort((a, b) => a - b),
    seeds: options.seeds,
    forms,
    withBaselines: options.baselines,
    createEngine,
    signal,
    progress,
  });
  console.log(candidateTables(candidates));
  writeOutputs(evaluationReport({ candidates }), options);
}

/** Those that would do nothing beside the rest. */
function refuseOthers(options: CandidateOptions, command: Command): void {
  const { dataset, sequences, testFrom, models } = options;
  const isTemporal = protocolName(options) === 'temporal';
  const refuse = (names: readonly string[], heeded: boolean, what: string) =>
    refuseUnheeded(command, names, heeded, what);
  refuse(['path'], dataset !== undefined, 'a --dataset');
  refuse(['mapping'], dataset === 'table', '--dataset table');
  refuse(['partitions'], sequences === undefined, 'an archive or a --dataset');
  refuse(['minWatches'], !isTemporal, '--protocol leave-one-out');
  refuse(['testDays', 'testFrom', 'queriesPerUser'], isTemporal, '--protocol temporal');
  refuse(['testDays'], testFrom === undefined, 'a test without --test-from');
  refuse(['compare', 'forms', 'set', 'seeds', 'threads'], models, 'models');
}

/** Sequences have no times to be split by. */
const protocolName = ({ protocol, sequences }: CandidateOptions) =>
  protocol ?? (sequences === undefined ? 'temporal' : 'leave-one-out');

function protocolOf(options: CandidateOptions): Protocol {
  const { minWatches, testDays, testFrom, queriesPerUser } = options;
  const name = protocolName(options);
  return name === 'leave-one-out'
    ? { name, minWatches }
    : { name, testDays, queriesPerUser, ...(testFrom === undefined ? {} : { testFromMs: testFrom }) };
}

/** @throws UsageError unless exactly one source is named */
async function readData(
  options: CandidateOptions & ReplayNeeds,
  progress: Progress,
  signal: AbortSignal,
): Promise<WatchData> {
  const { archive, dataset, path, mapping, sequences } = options;
  if ([archive, dataset, sequences].filter((source) => source !== undefined).length !== 1)
    throw new UsageError('name one source of data: --archive, --dataset with --path, or --sequences');
  if (sequences !== undefined) {
    const task = progress.start(`read ${sequences}`, 'lines');
    const data = await readSequences(sequences, (lines) => task.update(lines));
    task.finish();
    return data;
  }
  if (archive !== undefined) return readArchive(archive, archive, options, progress, signal);
  if (dataset === undefined || path === undefined)
    throw new UsageError('--dataset needs --path, where the data set lies');
  const folder = await makeOwnFolder(tmpdir(), 'watchnext-evaluate', { isShared: true });
  try {
    const imported = join(folder, 'archive');
    const { partitions: partitionCount } = options;
    await importShown(dataset, path, { archive: imported, partitionCount, mappingFile: mapping, signal }, progress);
    return await readArchive(imported, `${dataset} at ${path}`, options, progress, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readArchive(
  folder: string,
  source: string,
  { partitions: partitionCount, withWatchTimes }: Pick<CandidateOptions, 'partitions'> & ReplayNeeds,
  progress: Progress,
  signal: AbortSignal,
): Promise<WatchData> {
  return watchDataOf(await showReplay(folder, { partitionCount, withWatchTimes, signal }, progress), source);
}
