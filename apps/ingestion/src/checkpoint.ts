import { parseArgs } from 'node:util';
import { openCommand, readArguments, runCommand, wholeNumber } from './rebuild/command';
import { writeCheckpoint } from './rebuild/write-checkpoint';

const USAGE = `npm run checkpoint -- [--keep N]

Writes a checkpoint of every partition's states as of the end of the archive, for "npm run rebuild" to begin at.
Made from the last checkpoint and the archive; run it daily.

  --keep N   checkpoints of each partition that stay; default 3`;

runCommand(async () => {
  const args = readArguments(
    USAGE,
    () => parseArgs({ options: { keep: { type: 'string', default: '3' }, help: { type: 'boolean' } } }).values,
  );
  if (args.help) return void process.stdout.write(`${USAGE}\n`);
  const keep = wholeNumber(args.keep, '--keep', 1);
  const { settings, logger, archive, checkpoints } = openCommand('checkpoint');
  const partitionCount = settings.WATCHNEXT_ACTIVITY_PARTITIONS;
  try {
    for (let partition = 0; partition < partitionCount; partition++) {
      const checkpoint = await writeCheckpoint(archive, checkpoints, logger, partition, { partitionCount, keep });
      if (checkpoint) process.stdout.write(`${JSON.stringify(checkpoint)}\n`);
    }
  } finally {
    await archive.close();
    checkpoints.close();
  }
});
