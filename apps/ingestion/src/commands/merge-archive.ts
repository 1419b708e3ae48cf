import { endOnUsage, startTask, wholeNumber } from '@watchnext/command-line';
import { TOPICS } from '@watchnext/contract';
import { Command } from 'commander';
import { HOUR_MS } from '@watchnext/features';
import { EXIT_CODES_HELP, type OpenCommand, runCommand } from './command';

const EXIT_LEFT_ALONE = 3;
const MIB = 2 ** 20;

const DESCRIPTIONS = {
  differs:
    'left alone: smaller files have records that this one lacks, as where "npm run forget" was cut off: run that again',
  damaged:
    'left alone: this file cannot be read: restore it, or move it away and archive its offsets again from the log',
} as const;

interface Options {
  readonly grace: number;
  readonly maxMb: number;
  readonly dryRun: boolean;
}

const program = new Command('npm run merge-archive --')
  .description(
    'Merges the small files of past days in the archive, and removes those that a run before has merged, once nobody reads them any more.\n' +
      'Run it daily. Whatever writes, reads or forgets may go on meanwhile; cut off, the next run goes on.',
  )
  .option(
    '--grace <hours>',
    'how long a large file is there before the small ones go: longer than a training or an evaluation reads; 0 where nothing else runs',
    wholeNumber(),
    12,
  )
  .option('--max-mb <n>', 'of the small files that become one', wholeNumber(1), 512)
  .option('--dry-run', 'say what would be done, and change nothing', false)
  .allowExcessArguments(false)
  .addHelpText(
    'after',
    `${EXIT_CODES_HELP.trimEnd()}\n${EXIT_LEFT_ALONE}: files were left alone that somebody has to look at, as they are named; the rest is done.`,
  )
  .exitOverride(endOnUsage)
  .parse();

async function merge({ logger, archive, stopping }: OpenCommand): Promise<number> {
  const { grace, maxMb, dryRun } = program.opts<Options>();
  let isLeft = false;
  try {
    for (const topic of [TOPICS.activity, TOPICS.catalog]) {
      const task = startTask(topic, 'days');
      try {
        const { leftAlone, ...report } = await archive.merge(topic, {
          graceMs: grace * HOUR_MS,
          maxFileBytes: maxMb * MIB,
          dryRun,
          signal: stopping.signal,
          onProgress: (done, total, detail) => task.update(done, total, detail),
        });
        task.finish();
        for (const one of leftAlone) logger.error({ topic, ...one }, DESCRIPTIONS[one.reason]);
        isLeft ||= leftAlone.length > 0;
        process.stdout.write(`${JSON.stringify({ topic, dryRun, ...report, leftAloneCount: leftAlone.length })}\n`);
      } catch (error) {
        task.abandon();
        throw error;
      }
    }
    return isLeft ? EXIT_LEFT_ALONE : 0;
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    process.stderr.write('stopped; the next run goes on\n');
    return stopping.exitCode;
  }
}

runCommand('merge-archive', merge, { endsByItself: true });
