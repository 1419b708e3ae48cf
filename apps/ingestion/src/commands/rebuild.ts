import { endOnUsage, wholeNumber } from '@watchnext/command-line';
import { openSystemLog } from '@watchnext/event-log';
import { openFeatureStore } from '@watchnext/feature-store';
import { Command } from 'commander';
import { requireArchivedPartitions } from '../rebuild/archived-partitions';
import { foldToEnd } from '../rebuild/fold-to-end';
import { requireNobodyMaterialises } from '../rebuild/require-nobody-materialises';
import { restorePartition } from '../rebuild/restore-partition';
import { EXIT_CODES_HELP, runCommand } from './command';

interface Options {
  readonly partition?: readonly number[];
  readonly overwrite: boolean;
  readonly archiveOnly: boolean;
}

const partitionNumber = wholeNumber(0);

const program: Command = new Command('npm run rebuild --')
  .description(
    'Restores user states into the feature store that the environment names, from the newest checkpoint, the archive, and\n' +
      'the log after it. A partition that has states already goes on from its mark; stop its materialisers first.',
  )
  .option(
    '--partition <n>',
    'only this partition; may be repeated; default: all',
    (text: string, before: readonly number[] = []) => [...before, partitionNumber(text)],
  )
  .option('--overwrite', 'throw away the states there are, whatever their mark', false)
  .option('--archive-only', 'stop at the end of the archive and leave the log to the materialisers', false)
  .allowExcessArguments(false)
  .addHelpText('after', EXIT_CODES_HELP)
  .exitOverride(endOnUsage)
  .parse();

runCommand('rebuild', async ({ settings, paths, logger, archive, checkpoints, own }) => {
  const options = program.opts<Options>();
  const partitionCount = settings.WATCHNEXT_ACTIVITY_PARTITIONS;
  const partitions = options.partition ?? [...Array(partitionCount).keys()];
  if (partitions.some((partition) => partition >= partitionCount))
    program.error(
      `error: --partition: there are partitions 0 to ${partitionCount - 1} (WATCHNEXT_ACTIVITY_PARTITIONS)`,
    );
  // First, as each may refuse, before the store is made or anything in it thrown away.
  if (options.archiveOnly) await requireArchivedPartitions(archive, partitionCount);
  const log = options.archiveOnly ? undefined : own(await openSystemLog(settings, paths.eventLog, 'ingestion'));
  if (log) await requireNobodyMaterialises(log);
  const store = own(openFeatureStore(settings, paths.featureStore));
  const parts = { store, archive, checkpoints, logger };
  for (const partition of partitions) {
    const report = await restorePartition(parts, partition, { partitionCount, overwrite: options.overwrite });
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
  if (!log) return;
  // Again: restoring takes a while, in which one may have begun.
  await requireNobodyMaterialises(log);
  await foldToEnd(log, store, logger, partitions, partitionCount);
});
