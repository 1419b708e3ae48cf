#!/usr/bin/env node
/** npm run dev */
import { resolve } from 'node:path';
import {
  allowClosedOutput,
  endOnUsage,
  EXIT_USAGE,
  madeFolder,
  namedPath,
  SIGNAL_EXIT_CODES_HELP,
  type Stopping,
  stopOnSignals,
  wholeNumber,
} from '@watchnext/command-line';
import { isInterrupted, stopWorldsOnSignal } from '@watchnext/end-to-end';
import { Command } from 'commander';
import type { DevApp } from './apps/scene';
import { DEV_APPS, develop, replay, runOnce } from './develop';
import { record } from './record/record';
import { RELEASED_RECORDING } from './recording';

const EXIT_DIFFERENT = 3;
const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Of an app that runs: takes it down at the first signal; a second ends at once. */
let stopping: Stopping | undefined;

interface AppFlags {
  readonly replay: boolean;
  readonly recording: string;
  readonly port?: number;
  readonly without?: string;
}

async function runApp({ name, defaultPort }: DevApp, args: readonly string[], flags: AppFlags): Promise<number> {
  const options = {
    app: name,
    recording: resolve(flags.recording),
    ...(flags.port === undefined ? {} : { port: flags.port }),
    without: flags.without?.split(',') ?? [],
    args,
  };
  const { signal, stop } = (stopping = stopOnSignals({ reason: new Error('interrupted') }));
  if (!flags.replay) {
    // It has no other end.
    allowClosedOutput(() => stop('SIGINT'));
    return develop(options, say, signal).then(() => 0);
  }
  if (defaultPort === undefined) return runOnce(options, signal);
  const { askedCount, sameCount } = await replay(options, say, signal);
  say(`${sameCount} of ${askedCount} answered as recorded`);
  return sameCount === askedCount ? 0 : EXIT_DIFFERENT;
}

allowClosedOutput();

const program = new Command('dev')
  .exitOverride(endOnUsage)
  .description('Runs one app alone, against recorded answers of its neighbours, and starts it anew after each change.')
  .addHelpText(
    'after',
    `
The app's sources and the libraries under it are watched (tsc --build --watch); each build without errors starts the app
anew. Its data lies in a temporary folder, filled from the recording at the start. Settings come from the environment, but
for the drivers, which are embedded.

  npm run dev -- ranking                       # runs until Ctrl-C
  npm run dev -- ranking --replay              # sends the recorded requests, prints the answers, ends
  npm run dev -- gateway --without ranking     # the ladder of fallbacks
  npm run dev -- trainer --replay -- --seed 2  # what stands after -- goes to the app
  npm run dev -- record --to .watchnext/mine   # a recording of one's own, for --recording

Exit codes: 0 done, or stopped where it has no other end; 1 something failed; ${EXIT_USAGE} a command line that cannot be used; ${EXIT_DIFFERENT} --replay
found answers that differ from the recorded ones; ${SIGNAL_EXIT_CODES_HELP}; of the trainer with --replay, its own.`,
  );

for (const app of DEV_APPS) {
  program
    .command(app.name)
    .description(app.summary)
    .argument('[args...]', 'after --: passed on to the app')
    .option('--replay', 'send what was recorded to the app as it is built, print the answers, and end', false)
    .option(
      '--recording <folder>',
      'another recording than that of the released version',
      namedPath,
      RELEASED_RECORDING,
    )
    .option(
      '--port <n>',
      `port to listen on (default: ${app.defaultPort ?? 'none'}, with --replay any)`,
      wholeNumber(0, 65_535),
    )
    .option('--without <names>', `neighbours to leave out: ${app.neighbours.join(', ') || 'none'}`)
    .action(async (args: string[], flags: AppFlags) => {
      process.exitCode = await runApp(app, args, flags);
    });
}

program
  .command('record')
  .description('runs all apps on a small world and records what they ask and answer')
  .requiredOption(
    '--to <folder>',
    'where the recording goes: an empty folder, or that of another recording, which is replaced',
    madeFolder,
  )
  .action(async ({ to }: { to: string }) => {
    stopWorldsOnSignal();
    const { about, retrieval, ranking, gateway } = await record(resolve(to), say);
    const counts = `${retrieval.length} retrieval, ${ranking.length} ranking and ${gateway.length} gateway answers`;
    say(`recorded ${counts} with snapshot ${about.snapshotId} in ${to}`);
  });

program.parseAsync().catch((error: Error) => {
  if (isInterrupted()) return;
  // Of what the signal cuts short; developing ends by it as it should.
  if (stopping?.signal.aborted) return void (process.exitCode = stopping.exitCode);
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
