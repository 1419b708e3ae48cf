/** What the commands share: the drivers that the environment names, and how they end. */
import { embeddedPaths, endAfter, loadDriverSettings } from '@watchnext/config';
import { openCheckpoints, openEventArchive } from '@watchnext/event-archive';
import { NothingRanError, openSystemLog, UnknownTopicError } from '@watchnext/event-log';
import { openFeatureStore } from '@watchnext/feature-store';
import { type Own, withOwned } from '@watchnext/waiting';

async function openDrivers(own: Own) {
  const settings = loadDriverSettings();
  const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
  const log = own(await openSystemLog(settings, paths.eventLog, 'operator'));
  const archive = own(openEventArchive(settings, paths.archive));
  const store = own(openFeatureStore(settings, paths.featureStore));
  const checkpoints = own(openCheckpoints(settings, paths.archive));
  return { partitionCount: settings.WATCHNEXT_ACTIVITY_PARTITIONS, log, archive, store, checkpoints };
}

export type Drivers = Awaited<ReturnType<typeof openDrivers>>;

/** Runs with drivers, closes them, and ends the process: with what `run` returns, 78 for the environment, else 1. */
export function withDrivers(run: (drivers: Drivers) => Promise<number>): Promise<void> {
  return endAfter(
    withOwned(async (own) => run(await openDrivers(own))),
    {
      describe: (error) =>
        error instanceof UnknownTopicError ? new NothingRanError(error.topic).message : error.message,
    },
  );
}
