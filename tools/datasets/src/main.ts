#!/usr/bin/env node
/** npm run import -- NAME PATH --url URL */
import { Command } from 'commander';
import { importDataset } from './import-dataset';
import { DatasetError } from './importer';
import { IMPORTERS } from './importers';
import { startTask, type ProgressTask } from './progress';

/** As --help tells them. */
const EXIT_CODES = { failed: 1, usage: 2, dataset: 3, rejected: 4, interrupted: 130 } as const;

const STOP_LIMIT_MS = 2_000;

const program: Command = new Command('import')
  .description('Sends a public watch log to a WatchNext collector, as backfill.')
  .argument('<name>', `which data set: ${[...IMPORTERS.keys()].join(', ')}`)
  .argument('[path]', 'its folder')
  .option('--url <url>', "the collector's address", 'http://127.0.0.1:7001')
  .option('--mapping', 'say how the files become events, and do nothing', false)
  .addHelpText(
    'after',
    `
Rows that cannot be used are left out, counted, and the first of each file named.
Exit codes: 0 all sent; 1 the collector could not be reached, or another failure; 2 a command line that cannot be used;
3 a file or column is missing; 4 sent, but the collector refused some events; 130 interrupted.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_CODES.usage))
  .parse();

async function run(
  name: string,
  path: string | undefined,
  options: { url: string; mapping: boolean },
): Promise<number> {
  const importer = IMPORTERS.get(name);
  if (importer === undefined)
    program.error(`error: there is no importer for ${name}, but for ${[...IMPORTERS.keys()].join(', ')}`);
  if (options.mapping) {
    process.stdout.write(`${importer.describeMapping()}\n`);
    return 0;
  }
  if (path === undefined) program.error('error: the folder of the data set is missing');
  if (!URL.canParse(options.url)) program.error(`error: --url is no address: ${options.url}`);

  const stopping = new AbortController();
  const stop = () => {
    stopping.abort();
    // It ends at its next clean point, which it does not reach while the collector is away.
    setTimeout(() => process.exit(EXIT_CODES.interrupted), STOP_LIMIT_MS).unref();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let task: ProgressTask = startTask('Reading', 'rows');
  try {
    const result = await importDataset(name, path, {
      url: options.url,
      signal: stopping.signal,
      onReading: (file, rows) => task.update(rows, 0, file),
      onLoaded: () => {
        task.finish();
        task = startTask('Sending', 'events');
      },
      onSent: (done, total) => task.update(done, total),
      onRetry: (error) => task.note(`trying again: ${error.message}`),
    });
    const { badRows, rejected, summary } = result;
    task.finish(
      Object.entries(summary.counts)
        .map(([what, count]) => `${count.toLocaleString('en-US')} ${what.replace('_', ' ')}`)
        .join(', '),
    );
    if (badRows.total > 0) process.stderr.write(`${badRows.describe()}\n`);
    if (rejected.count === 0) return 0;
    process.stderr.write(
      `The collector refused ${rejected.count} events, as:\n${rejected.first.map((text) => `  ${text}\n`).join('')}`,
    );
    return EXIT_CODES.rejected;
  } catch (error) {
    task.abandon();
    if (stopping.signal.aborted) return EXIT_CODES.interrupted;
    process.stderr.write(`${(error as Error).message}\n`);
    return error instanceof DatasetError ? EXIT_CODES.dataset : EXIT_CODES.failed;
  }
}

const [name, path] = program.processedArgs as [string, string | undefined];
void run(name, path, program.opts()).then((code) => process.exit(code));
