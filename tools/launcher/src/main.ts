#!/usr/bin/env node
/** npm start */
import { setMaxListeners } from 'node:events';
import { join, resolve } from 'node:path';
import { allowClosedOutput, stopOnSignals } from '@watchnext/command-line';
import { endAfter } from '@watchnext/config';
import { QuestionLeftError } from '@watchnext/datasets';
import { LaunchError } from './launch-error';
import { Launcher } from './launcher';
import { EXIT_CODES, parseOptions } from './options';

const root = resolve(__dirname, '..', '..', '..');
const options = parseOptions(process.argv.slice(2), { defaultDataDirectory: join(root, '.watchnext') });
const say = (text: string) => void process.stdout.write(`${text}\n`);
const launcher = new Launcher(root, { ...options, dataDirectory: resolve(options.dataDirectory) }, say);

const stopping = stopOnSignals({
  reason: new LaunchError('stopped'),
  signals: ['SIGINT', 'SIGTERM', 'SIGHUP'],
  // A second one is impatient: nothing may be left, so everything is killed first.
  onSecond: () => {
    launcher.kill();
    process.exit(stopping.exitCode);
  },
});
// Every request in flight listens to it.
setMaxListeners(0, stopping.signal);
// Without --once-and-exit it has no other end, and tells of itself there alone.
allowClosedOutput(options.onceAndExit ? undefined : () => stopping.stop('SIGINT'));

const run = launcher.run(stopping.signal).catch((error: unknown) => {
  if (stopping.signal.aborted || error instanceof QuestionLeftError) return stopping.exitCode;
  throw error;
});
void endAfter(run, { describe, exitCode: () => EXIT_CODES.failed });

function describe(error: Error): string {
  if (error instanceof LaunchError) return `\nWatchNext cannot run: ${error.message}\n${error.remedy}`;
  return `\nWatchNext failed: ${error.stack ?? error.message}`;
}
