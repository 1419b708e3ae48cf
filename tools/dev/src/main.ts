#!/usr/bin/env node
/** npm run dev */
import { resolve } from 'node:path';
import { allowClosedOutput, endOnUsage, madeFolder, namedPath } from '@watchnext/command-line';
import { isInterrupted, stopWorldsOnSignal } from '@watchnext/end-to-end';
import { Command, InvalidArgumentError } from 'commander';
import type { DevApp } from './apps/scene';
import { DEV_APPS, develop, replay, runOnce } from './develop';
import { record } from './record/record';
import { RELEASED_RECORDING } from './recording';

const EXIT_DIFFERENT = 3;
const say = (text: string) => void process.stdout.write(`${text}\n`);

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Takes the app down at the first signal; a second ends at once. */
function heardSignals(): AbortController {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      // Of what the signal cuts short; developing ends by it as it should.
      interruptedCode = EXIT_CODES[name];
      stopping.abort(new Error('interrupted'));
    });
  }
  return stopping;
}

let interruptedCode: number | undefined;

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
  const stopping = heardSignals();
  const { signal } = stopping;
  if (!flags.replay) {
    // It has no other end.
    allowClosedOutput(() => stopping.abort(new Error('nobody reads')));
    return develop(options, say, signal).then(() => 0);
  }
  if (defaultPort === undefined) return runOnce(options, signal);
  const { askedCount, sameCount } = await replay(options, say, signal);
  say(`${sameCount} of ${askedCount} answered as recorded`);
  return sameCount === askedCount ? 0 : EXIT_DIFFERENT;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('it must be a port, 0 for any free one.');
  return port;
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

Exit codes: 0 done, 3 --replay found answers that differ from the recorded ones, 1 anything else; of the trainer with
--replay, its own.`,
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
    .option('--port <n>', `port to listen on (default: ${app.defaultPort ?? 'none'}, with --replay any)`, portNumber)
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
  if (interruptedCode !== undefined) return void (process.exitCode = interruptedCode);
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
