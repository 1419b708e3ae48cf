import { join } from 'node:path';
import { embeddedPaths, loadDriverSettings } from '@watchnext/config';
import { type Event, TOPICS, topicSpecs } from '@watchnext/contract';
import { openCheckpoints, openEventArchive } from '@watchnext/event-archive';
import { openEventLog } from '@watchnext/event-log';
import { openFeatureStore } from '@watchnext/feature-store';
import { eventually, recordOf, temporaryDirectory } from '@watchnext/testing';
import type { Drivers } from '../src/program';

export const PARTITIONS = 2;

/** Drivers of one spec, in a folder of their own unless the environment says otherwise, and an archive that follows. */
export async function openWorld(environment: Record<string, string> = {}) {
  const directory = await temporaryDirectory('operator');
  const settings = loadDriverSettings({ WATCHNEXT_DATA_DIR: directory.path, ...environment });
  const paths = embeddedPaths(directory.path);
  const log = await openEventLog(settings, paths.eventLog, 'operator');
  const drivers: Drivers = {
    partitionCount: PARTITIONS,
    log,
    archive: openEventArchive(settings, paths.archive),
    store: openFeatureStore(settings, paths.featureStore),
    checkpoints: openCheckpoints(settings, paths.archive),
  };
  await log.ensureTopics(Object.values(topicSpecs(PARTITIONS)));
  const tail = await log.tail(TOPICS.activity, {
    async onRecords(records) {
      for (const partition of new Set(records.map((record) => record.partition))) {
        const from = (await drivers.archive.nextOffset(TOPICS.activity, partition)) ?? 0;
        const run = records.filter((record) => record.partition === partition && record.offset >= from);
        await drivers.archive.write(TOPICS.activity, partition, run);
      }
    },
  });
  return {
    ...drivers,
    directory: directory.path,
    checkpointFolder: join(directory.path, 'checkpoints', TOPICS.activity),
    append: (events: readonly Event[]) => log.append(TOPICS.activity, events.map(recordOf)),
    async archived() {
      for (const { partition, endOffset } of await log.bounds(TOPICS.activity)) {
        const isArchived = async () =>
          ((await drivers.archive.nextOffset(TOPICS.activity, partition)) ?? 0) >= endOffset;
        await eventually(isArchived, `the archive of partition ${partition}`);
      }
    },
    async dispose() {
      await tail.stop();
      await Promise.all([log.close(), drivers.archive.close(), drivers.store.close()]);
      drivers.checkpoints.close();
      await directory.remove();
    },
  };
}

export type OperatorWorld = Awaited<ReturnType<typeof openWorld>>;
