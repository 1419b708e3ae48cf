import { join } from 'node:path';
import { loadDriverSettings } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { openCheckpoints, openParquetArchive } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import { eventOf, recordOf, userDeletedOf, watchOf } from '@watchnext/testing';
import { openStores, PARTITIONS, quiet, stateOf, type Stores } from '../../test/harness';
import { restorePartition } from './restore-partition';

const AT_MS = 1_790_000_000_000;
const TEN_MINUTES_MS = 600_000;

describe('a partition that is restored from an old archive', () => {
  let stores: Stores;
  beforeEach(async () => (stores = await openStores()));
  afterEach(() => stores.dispose());

  it('is without a user whose deletion was received long after its record’s time, which is the event’s', async () => {
    const partition = partitionOf('anna', PARTITIONS);
    const events = [eventOf(watchOf('anna', 'v'), AT_MS - TEN_MINUTES_MS), eventOf(userDeletedOf('anna'), AT_MS)];
    const records = events.map((event, offset): LogRecord => {
      const received = { ...event, receivedAtMs: event.occurredAtMs + TEN_MINUTES_MS };
      const place = { topic: TOPICS.activity, partition, offset, timestampMs: event.occurredAtMs };
      return { ...place, ...recordOf(received), headers: {} };
    });
    const archive = openParquetArchive(join(stores.directory, 'archive'));
    const checkpoints = openCheckpoints(loadDriverSettings({}), join(stores.directory, 'checkpoints'));
    await archive.write(TOPICS.activity, partition, records);
    const parts = { store: stores.store, archive, checkpoints, logger: quiet };
    const report = await restorePartition(parts, partition, { partitionCount: PARTITIONS });
    expect(report).toMatchObject({ foldedRecordCount: 2, deadRecordCount: 0 });
    expect(await stateOf(stores.store, 'anna')).toMatchObject({ deleted: true, watchCount: 0 });
    await archive.close();
  });
});

describe('a partition whose states are of a newer format', () => {
  it('is restored over only when told to', async () => {
    const stores = await openStores();
    const archive = openParquetArchive(join(stores.directory, 'archive'));
    try {
      const partition = partitionOf('anna', PARTITIONS);
      const place = { topic: TOPICS.activity, partition, offset: 0, timestampMs: AT_MS };
      const record: LogRecord = { ...place, ...recordOf(eventOf(watchOf('anna', 'v'), AT_MS)), headers: {} };
      await archive.write(TOPICS.activity, partition, [record, { ...record, offset: 1 }]);
      const newer = { topic: TOPICS.activity, partition, offset: 0, stateFormat: 7 };
      await stores.store.commit(partition, { expected: undefined, next: newer, states: new Map() });
      const checkpoints = openCheckpoints(loadDriverSettings({}), join(stores.directory, 'checkpoints'));
      const parts = { store: stores.store, archive, checkpoints, logger: quiet };
      const options = { partitionCount: PARTITIONS };
      await expect(restorePartition(parts, partition, options)).rejects.toThrow(/format 7.*--overwrite/);
      expect(await stores.store.readMark(partition)).toEqual(newer);
      await restorePartition(parts, partition, { ...options, overwrite: true });
      expect(await stores.store.readMark(partition)).toEqual({ topic: TOPICS.activity, partition, offset: 1 });
    } finally {
      await archive.close();
      await stores.dispose();
    }
  });
});
