import { TOPICS } from '@watchnext/contract';
import { endOnUsage } from '@watchnext/command-line';
import { openSystemLog } from '@watchnext/event-log';
import { Command } from 'commander';
import { acceptRetentionGap, findRetentionGaps } from '../archive/retention-gaps';
import { EXIT_CODES_HELP, runCommand } from './command';

const EXIT_REMAINING = 3;
/** On top of the flush time: for the write itself. */
const WRITE_MS = 5_000;

const program = new Command('npm run archive-gaps --')
  .description(
    'Shows which offsets of the activity topic retention deleted before they were archived. Archiving stands still there, and\n' +
      'what the log still holds is archived only once the gap is accepted: its events are lost to training and to rebuilds.',
  )
  .option('--accept', 'go on behind the gaps, without what they held', false)
  .allowExcessArguments(false)
  .addHelpText('after', `${EXIT_CODES_HELP.trimEnd()}\n${EXIT_REMAINING}: there are gaps that were not accepted.`)
  .exitOverride(endOnUsage)
  .parse();

/** Beside the gaps, for people. */
const tell = (line: string) => process.stderr.write(`${line}\n`);

runCommand('archive-gaps', async ({ settings, paths, logger, archive, own }) => {
  const { accept } = program.opts<{ accept: boolean }>();
  const log = own(await openSystemLog(settings, paths.eventLog, 'ingestion'));
  const settleMs = settings.WATCHNEXT_ARCHIVE_FLUSH_SECONDS * 1_000 + WRITE_MS;
  const onWait = () => tell(`something is missing: waiting ${settleMs / 1_000} s for what is being archived now`);
  const gaps = await findRetentionGaps(log, archive, TOPICS.activity, settleMs, onWait);
  if (gaps.length === 0) tell(`no gaps in ${settings.WATCHNEXT_ACTIVITY_PARTITIONS} partitions`);
  for (const gap of gaps) {
    if (accept) {
      await acceptRetentionGap(archive, gap);
      logger.warn(gap, 'offsets given up: retention deleted them before they were archived');
    }
    process.stdout.write(`${JSON.stringify({ ...gap, accepted: accept })}\n`);
  }
  return gaps.length > 0 && !accept ? EXIT_REMAINING : 0;
});
