/** npm run simulate -- COMMAND */
import { endOnUsage } from '@watchnext/command-line';
import { ConfigError } from '@watchnext/config';
import { collectorAccess } from '@watchnext/datasets';
import { ProducerOptionError } from '@watchnext/producer-client';
import { checkFrozen, writeArchive } from './cli/archive';
import { describeWorld } from './cli/describe';
import { runLive, worldOf } from './cli/live';
import { createCommand, EXIT_CODES, isFrozen, worldFrom } from './cli/parse';
import { writeScores } from './cli/scores';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

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
    await describeWorld({ name, world: worldFrom(flags), stride: every, kuairand, svg, json });
  },
  async scores({ data, from, knowing, rounds, every, out, ...flags }) {
    const world = data === undefined ? worldFrom(flags) : worldOf(data);
    const learnerRounds = knowing === 'log' ? rounds : undefined;
    await writeScores({ world, fromMs: from, stride: every, learnerRounds, file: out }, interrupted.signal);
  },
  async live({ data, uploadEvery, apiKeyFile, ...options }) {
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

program.parseAsync().catch((error: unknown) => {
  if (interrupted.signal.aborted) {
    process.stderr.write('interrupted; nothing half-written was left\n');
    process.exit(EXIT_CODES.interrupted);
  }
  process.stderr.write(`${describe(error)}\n`);
  const isUnusable = error instanceof ConfigError || error instanceof ProducerOptionError;
  process.exit(isUnusable ? EXIT_CODES.usage : EXIT_CODES.failed);
});

/** A message and what lies behind it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
