import { endOnUsage, wholeNumber } from '@watchnext/command-line';
import { Command } from 'commander';
import { EXIT_CODES, openCommand, runCommand } from './rebuild/command';
import { writeCheckpoint } from './rebuild/write-checkpoint';

const program = new Command('npm run checkpoint --')
  .description(
    `Writes a checkpoint of every partition's states as of the end of the archive, for "npm run rebuild" to begin at.\n` +
      'Made from the last checkpoint and the archive; run it daily. It fails where the archive is empty.',
  )
  .option('--keep <n>', 'checkpoints of each partition that stay', wholeNumber(1), 3)
  .allowExcessArguments(false)
  .addHelpText('after', EXIT_CODES)
  .exitOverride(endOnUsage)
  .parse();

runCommand(async () => {
  const { keep } = program.opts<{ keep: number }>();
  const { settings, logger, archive, checkpoints } = openCommand('checkpoint');
  const partitionCount = settings.WATCHNEXT_ACTIVITY_PARTITIONS;
  let count = 0;
  try {
    for (let partition = 0; partition < partitionCount; partition++) {
      const checkpoint = await writeCheckpoint(archive, checkpoints, logger, partition, { partitionCount, keep });
      if (checkpoint === undefined) continue;
      count += 1;
      process.stdout.write(`${JSON.stringify(checkpoint)}\n`);
    }
    // An archive that is not there looks empty, and a daily job that wrote nothing must not pass for one that did.
    if (count === 0)
      throw new Error(
        'no checkpoint was written, for the archive is empty: WATCHNEXT_DATA_DIR, or WATCHNEXT_OBJECT_STORE with ' +
          'WATCHNEXT_S3_…, must name a system that has run',
      );
  } finally {
    await archive.close();
    checkpoints.close();
  }
});
