#!/usr/bin/env node
/** npm run import -- FORMAT PATH */
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import {
  allowClosedOutput,
  endOnUsage,
  EXIT_USAGE,
  madeFolder,
  namedPath,
  type ProgressTask,
  refuseUnheeded,
  SIGNAL_EXIT_CODES_HELP,
  startTask,
  stopOnSignals,
  wholeNumber,
} from '@watchnext/command-line';
import { ConfigError, endAfter } from '@watchnext/config';
import { ProducerOptionError } from '@watchnext/producer-client';
import { Command, InvalidArgumentError } from 'commander';
import { collectorAccess } from './collector-access';
import { DatasetError } from './dataset-error';
import { describeImport } from './describe-import';
import { describeCounts } from './import';
import { importDataset } from './import-dataset';
import { importToArchive } from './import-to-archive';
import { IMPORTERS } from './importers';
import { count } from './read/words';
import { askOnTerminal, mappingFileFor, QuestionLeftError } from './table/wizard';

/** As --help tells them. */
const EXIT_CODES = { failed: 1, usage: EXIT_USAGE, dataset: 3, rejected: 4 } as const;

const STOP_LIMIT_MS = 2_000;
const WORK_FOLDER = '.watchnext-import';

interface Options {
  readonly url: string;
  readonly apiKeyFile?: string;
  readonly archive?: string;
  readonly partitions: number;
  readonly mapping?: string;
  readonly yes: boolean;
  readonly drawnLists: boolean;
  readonly mostBad: number;
  readonly anew: boolean;
  readonly explain: boolean;
}

function number(minimum: number, maximum: number) {
  return (text: string) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= minimum && value <= maximum))
      throw new InvalidArgumentError(`it must be a number from ${minimum} to ${maximum}.`);
    return value;
  };
}

/** The folder of an archive, which is there whole or not at all: what is made is the one that it goes into. */
function inMadeFolder(path: string): string {
  madeFolder(dirname(resolve(namedPath(path))));
  return path;
}

allowClosedOutput();

const program: Command = new Command('npm run import --')
  .description(
    'Imports a watch log as backfill: through a collector into a running system, or straight into an archive.',
  )
  .argument('<format>', `what the files are: ${[...IMPORTERS.keys()].join(', ')}`)
  .argument('[path]', 'their folder, or the file', namedPath)
  .option('--url <url>', "the collector's address", 'http://127.0.0.1:7001')
  .option('--api-key-file <file>', 'holds the key that the collector asks for')
  .option('--archive <dir>', 'instead: a new archive folder, to train on with WATCHNEXT_DATA_DIR=dir/..', inMadeFolder)
  .option('--partitions <n>', 'partitions of that archive, as WATCHNEXT_ACTIVITY_PARTITIONS', wholeNumber(1, 10_000), 4)
  .option('--mapping <file>', 'for a table: which column is what; without it, a mapping is proposed')
  .option('--yes', 'take the proposed mapping without asking', false)
  .option('--no-drawn-lists', 'do not set watches of a log without impressions among drawn videos')
  .option('--most-bad <share>', 'import nothing when more of the rows cannot be used', number(0, 1), 0.5)
  .option('--anew', 'send also what the collector took before the import was cut off', false)
  .option('--explain', 'say how the files become events, and do nothing', false)
  .addHelpText(
    'after',
    `
Rows that cannot be used are left out, counted, and the first of each file named. An import that was cut off goes on
where it stopped when the same command runs again, and says so; with --anew it sends all, as to a system that was emptied.
A collector that asks for certificates is shown those of WATCHNEXT_GRPC_TLS_…, as services are.
Exit codes: 0 all sent; 1 the collector could not be reached, or another failure; 2 a command line that cannot be used;
3 a file or column is missing, or the disk is full; 4 sent, but some events were refused; ${SIGNAL_EXIT_CODES_HELP}.`,
  )
  .exitOverride(endOnUsage)
  .parse();

async function run(format: string, path: string | undefined, options: Options): Promise<number> {
  const importer = IMPORTERS.get(format);
  if (importer === undefined)
    program.error(`error: there is no importer for ${format}, but for ${[...IMPORTERS.keys()].join(', ')}`);
  if (options.explain) {
    process.stdout.write(`${importer.describeMapping()}\n`);
    return 0;
  }
  if (path === undefined) program.error('error: the path of the data set is missing');
  const isSent = options.archive === undefined;
  refuseUnheeded(program, ['url', 'apiKeyFile', 'anew'], isSent, 'an import through a collector, without --archive');
  refuseUnheeded(program, ['partitions'], !isSent, 'an --archive; a running system has its own');
  refuseUnheeded(program, ['mapping', 'yes'], format === 'table', 'a table');
  const { protocol } = URL.canParse(options.url) ? new URL(options.url) : {};
  if (protocol !== 'http:' && protocol !== 'https:')
    program.error(`error: --url is no address of a collector, as http://127.0.0.1:7001: ${options.url}`);

  const stopping = stopOnSignals();
  // It ends at its next clean point, which it does not reach while the collector is away.
  const endAnyway = () => void setTimeout(() => process.exit(stopping.exitCode), STOP_LIMIT_MS).unref();
  stopping.signal.addEventListener('abort', endAnyway);
  let task: ProgressTask | undefined;
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const sharedOptions = async () => ({
    mappingFile:
      format === 'table'
        ? (options.mapping ?? (await mappingFileFor(path, { yes: options.yes, say, ask: askOnTerminal() })))
        : undefined,
    drawLists: options.drawnLists,
    mostBadRows: options.mostBad,
    signal: stopping.signal,
    onReading: (file: string, rows: number, totalRows: number) =>
      (task ??= startTask('Reading', 'rows')).update(rows, totalRows, file),
    onLoaded: () => {
      task?.finish();
      task = startTask(options.archive === undefined ? 'Sending' : 'Writing', 'events');
    },
    onSent: (done: number, total: number) => task?.update(done, total),
  });
  try {
    // Before what takes long, so that what is missing is said at once.
    const access = options.archive === undefined ? collectorAccess(options.apiKeyFile) : {};
    const shared = await sharedOptions();
    const result =
      options.archive === undefined
        ? await importDataset(format, path, {
            ...shared,
            url: options.url,
            ...access,
            anew: options.anew,
            onResumed: (taken) =>
              say(`Going on after ${count(taken)} events, which the collector has taken before; --anew sends all.`),
            workFolder: join(WORK_FOLDER, workName(format, path, options.url)),
            onRetry: (error) => task?.note(`trying again: ${error.message}`),
          })
        : await importToArchive(format, path, {
            ...shared,
            archive: resolve(options.archive),
            partitionCount: options.partitions,
          });
    task?.finish(describeCounts(result.summary.counts));
    for (const text of describeImport(result)) say(text);
    return result.rejected.count === 0 ? 0 : EXIT_CODES.rejected;
  } catch (error) {
    task?.abandon();
    if (stopping.signal.aborted || error instanceof QuestionLeftError) {
      process.stderr.write('Interrupted. The same command goes on where it stopped.\n');
      return stopping.exitCode;
    }
    process.stderr.write(`${(error as Error).message}\n`);
    if (error instanceof ProducerOptionError || error instanceof ConfigError) return EXIT_CODES.usage;
    return error instanceof DatasetError ? EXIT_CODES.dataset : EXIT_CODES.failed;
  }
}

/** Imports of other data, or to another collector, lie elsewhere. */
function workName(format: string, path: string, url: string): string {
  const name = JSON.stringify([format, resolve(path), url]);
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

const [format, path] = program.processedArgs as [string, string | undefined];
void endAfter(run(format, path, program.opts()));
