import { endOnUsage, wholeNumber } from '@watchnext/command-line';
import { Command } from 'commander';
import { EmptyArchiveError, requireArchivedPartitions } from '../rebuild/archived-partitions';
import { writeCheckpoint } from '../rebuild/write-checkpoint';
import { EXIT_CODES_HELP, runCommand } from './command';

const program = new Command('npm run checkpoint --')
  .description(
    `Writes a checkpoint of every partition's states as of the end of the archive, for "npm run rebuild" to begin at.\n` +
      'Made from the last checkpoint and the archive; run it daily. It fails where the archive is empty.',
  )
  .option('--keep <n>', 'checkpoints of each partition that stay', wholeNumber(1), 3)
  .option('--anew', 'fold all of the archive, and remove the checkpoints of before: for a changed reducer', false)
  .allowExcessArguments(false)
  .addHelpText('after', EXIT_CODES_HELP)
  .exitOverride(endOnUsage)
  .parse();

runCommand('checkpoint', async ({ settings, logger, archive, checkpoints }) => {
  const options = program.opts<{ keep: number; anew: boolean }>();
  const partitionCount = settings.WATCHNEXT_ACTIVITY_PARTITIONS;
  // An archive that is not there looks empty, and a daily job that wrote nothing must not pass for one that did.
  await requireArchivedPartitions(archive, partitionCount).catch((error: Error) => {
    if (!(error instanceof EmptyArchiveError)) throw error;
    throw new Error(`no checkpoint was written, for ${error.message}`);
  });
  for (let partition = 0; partition < partitionCount; partition++) {
    const checkpoint = await writeCheckpoint(archive, checkpoints, logger, partition, { partitionCount, ...options });
    if (checkpoint !== undefined) process.stdout.write(`${JSON.stringify(checkpoint)}\n`);
  }
});
