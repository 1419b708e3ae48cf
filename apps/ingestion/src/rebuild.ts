import { parseArgs } from 'node:util';
import { openEventLog } from '@watchnext/event-log';
import { openFeatureStore } from '@watchnext/feature-store';
import { openCommand, readArguments, runCommand, UsageError, wholeNumber } from './rebuild/command';
import { followLog } from './rebuild/follow-log';
import { restorePartition } from './rebuild/restore-partition';

const USAGE = `npm run rebuild -- [--partition N]... [--overwrite] [--archive-only]

Restores user states into the feature store that the environment names, from the newest checkpoint, the archive, and
the log after it. A partition that has states already goes on from its mark; stop its materialisers first.

  --partition N    only this partition; may be repeated. Default: all
  --overwrite      throw away the states there are, whatever their mark
  --archive-only   stop at the end of the archive and leave the log to the materialisers`;

runCommand(async () => {
  const args = readArguments(
    USAGE,
    () =>
      parseArgs({
        options: {
          partition: { type: 'string', multiple: true },
          overwrite: { type: 'boolean' },
          'archive-only': { type: 'boolean' },
          help: { type: 'boolean' },
        },
      }).values,
  );
  if (args.help) return void process.stdout.write(`${USAGE}\n`);
  const { settings, paths, logger, archive, checkpoints } = openCommand('rebuild');
  const partitionCount = settings.WATCHNEXT_ACTIVITY_PARTITIONS;
  const partitions = args.partition?.map((text) => wholeNumber(text, '--partition', 0)) ?? [
    ...Array(partitionCount).keys(),
  ];
  if (partitions.some((partition) => partition >= partitionCount)) {
    throw new UsageError(`there are partitions 0 to ${partitionCount - 1} (WATCHNEXT_ACTIVITY_PARTITIONS)`);
  }
  const store = openFeatureStore(settings, paths.featureStore);
  try {
    const parts = { store, archive, checkpoints, logger };
    for (const partition of partitions) {
      const report = await restorePartition(parts, partition, { partitionCount, overwrite: args.overwrite ?? false });
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
    if (args['archive-only']) return;
    const log = await openEventLog(settings, paths.eventLog);
    await followLog(log, store, logger, partitions, partitionCount).finally(() => log.close());
  } finally {
    await Promise.all([store.close(), archive.close()]);
    checkpoints.close();
  }
});
