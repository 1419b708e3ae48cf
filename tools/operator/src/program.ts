/** What the commands share: the drivers that the environment names, and how they end. */
import { embeddedPaths, endAfter, loadDriverSettings } from '@watchnext/config';
import { openCheckpoints, openEventArchive } from '@watchnext/event-archive';
import { NothingRanError, openSystemLog, UnknownTopicError } from '@watchnext/event-log';
import { openFeatureStore } from '@watchnext/feature-store';

async function openDrivers() {
  const settings = loadDriverSettings();
  const paths = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
  const log = await openSystemLog(settings, paths.eventLog, 'operator');
  const archive = openEventArchive(settings, paths.archive);
  const store = openFeatureStore(settings, paths.featureStore);
  const checkpoints = openCheckpoints(settings, paths.archive);
  return {
    partitionCount: settings.WATCHNEXT_ACTIVITY_PARTITIONS,
    log,
    archive,
    store,
    checkpoints,
    async close() {
      await Promise.all([log.close(), archive.close(), store.close()]);
      checkpoints.close();
    },
  };
}

export type Drivers = Awaited<ReturnType<typeof openDrivers>>;

/** Runs with drivers, closes them, and ends the process: with what `run` returns, 78 for the environment, else 1. */
export function withDrivers(run: (drivers: Drivers) => Promise<number>): Promise<void> {
  const work = async () => {
    const drivers = await openDrivers();
    return run(drivers).finally(() => drivers.close());
  };
  return endAfter(work(), {
    describe: (error) =>
      error instanceof UnknownTopicError ? new NothingRanError(error.topic).message : error.message,
  });
}
