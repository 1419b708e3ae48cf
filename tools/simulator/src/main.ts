/** npm run simulate -- COMMAND */
import { allowClosedOutput, endOnUsage, stopOnSignals } from '@watchnext/command-line';
import { ConfigError, endByFailure } from '@watchnext/config';
import { collectorAccess } from '@watchnext/datasets';
import { ProducerOptionError } from '@watchnext/producer-client';
import { checkFrozen, writeArchive } from './cli/archive';
import { describeWorld } from './cli/describe';
import { LiveError, runLive, worldOf } from './cli/live';
import { createCommand, EXIT_CODES, isFrozen, worldFrom } from './cli/parse';
import { writeScores } from './cli/scores';

allowClosedOutput();

const interrupted = stopOnSignals();

const program = createCommand({
  async archive({ data, spill, partitions, workers, ...flags }) {
    await writeArchive({ world: worldFrom(flags), data, spill, partitions, workers }, interrupted.signal);
  },
  async check({ world, spill, workers }) {
    const isSame = await checkFrozen(world, { spill, workers }, interrupted.signal);
    if (!isSame) process.exitCode = EXIT_CODES.differs;
  },
  async describe({ every, kuairand, svg, json, ...flags }) {
    const name = isFrozen(flags) ? `${flags.world} world` : `${flags.world} world, changed`;
    await describeWorld({ name, world: worldFrom(flags), stride: every, kuairand, svg, json }, interrupted.signal);
  },
  async scores({ data, from, knowing, rounds, every, out, ...flags }) {
    const world = data === undefined ? worldFrom(flags) : worldOf(data);
    const learnerRounds = knowing === 'log' ? rounds : undefined;
    await writeScores({ world, fromMs: from, stride: every, learnerRounds, file: out }, interrupted.signal);
  },
  async live({ data, uploadEvery, apiKeyFile, ...options }) {
    // It has no other end, and unattended it would go on sending.
    allowClosedOutput(() => interrupted.stop('SIGINT'));
    await runLive(
      {
        ...options,
        access: collectorAccess(apiKeyFile),
        world: worldOf(data),
        uploadEveryMinutes: uploadEvery,
        sessionsPerMinute: options.sessionsPerMinute,
        minutes: options.minutes,
      },
      interrupted.signal,
    );
  },
});
for (const command of [program, ...program.commands]) command.exitOverride(endOnUsage);

program.parseAsync().catch((thrown: unknown) => endByFailure(thrown, { describe, exitCode }));

/** A message and what lies behind it. */
function describe(error: Error): string {
  const { message, cause } = error;
  if (wasInterrupted(error)) return 'interrupted; nothing half-written was left';
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** A signal is how a living world is meant to end: what went wrong before is still to be told. */
function wasInterrupted(error: Error): boolean {
  return interrupted.signal.aborted && !(error instanceof LiveError);
}

function exitCode(error: Error): number {
  if (wasInterrupted(error)) return interrupted.exitCode;
  const isUnusable = error instanceof ConfigError || error instanceof ProducerOptionError;
  return isUnusable ? EXIT_CODES.usage : EXIT_CODES.failed;
}
