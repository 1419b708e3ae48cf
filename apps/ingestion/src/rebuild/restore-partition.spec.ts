import { join } from 'node:path';
import { loadDriverSettings } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { encodeState, newState } from '@watchnext/features';
import { type CheckpointStore, type EventArchive, openCheckpoints, openParquetArchive } from '@watchnext/event-archive';
import { type LogRecord, partitionOf } from '@watchnext/event-log';
import { eventOf, recordOf, userDeletedOf, watchOf } from '@watchnext/testing';
import { openStores, PARTITIONS, quiet, stateOf, type Stores } from '../../test/harness';
import { restorePartition } from './restore-partition';
import { type CheckpointOptions, writeCheckpoint } from './write-checkpoint';

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

describe('checkpoints of two versions, of which the newer has more in its states', () => {
  const PARTITION = partitionOf('anna', PARTITIONS);
  let stores: Stores;
  let archive: EventArchive;
  let checkpoints: CheckpointStore;
  beforeEach(async () => {
    stores = await openStores();
    archive = openParquetArchive(join(stores.directory, 'archive'));
    checkpoints = openCheckpoints(loadDriverSettings({}), join(stores.directory, 'archive'));
  });
  afterEach(async () => {
    checkpoints.close();
    await archive.close();
    await stores.dispose();
  });

  const archiveWatches = async (from: number, to: number) => {
    const records = Array.from({ length: to - from }, (_, i): LogRecord => {
      const place = { topic: TOPICS.activity, partition: PARTITION, offset: from + i, timestampMs: AT_MS };
      const event = eventOf(watchOf('anna', 'v', { playbackId: `playback-${from + i}` }), AT_MS + from + i);
      return { ...place, ...recordOf(event), headers: {} };
    });
    await archive.write(TOPICS.activity, PARTITION, records);
  };
  const checkpoint = (stateFormat: number, more: Partial<CheckpointOptions> = {}) =>
    writeCheckpoint(archive, checkpoints, quiet, PARTITION, {
      partitionCount: PARTITIONS,
      keep: 2,
      stateFormat,
      ...more,
    });
  const kept = async () =>
    (await checkpoints.list(TOPICS.activity)).map(({ offset, stateFormat }) => [offset, stateFormat]);
  const rebuild = (stateFormat: number) =>
    restorePartition({ store: stores.store, archive, checkpoints, logger: quiet }, PARTITION, {
      partitionCount: PARTITIONS,
      overwrite: true,
      stateFormat,
    });
  const mark = () => stores.store.readMark(PARTITION);

  it('are passed over by a rebuild of the older, which folds from its own on', async () => {
    await archiveWatches(0, 3);
    await checkpoint(0);
    await archiveWatches(3, 7);
    await checkpoint(1);
    expect(await rebuild(0)).toMatchObject({ checkpointOffset: 2, foldedRecordCount: 4, markOffset: 6 });
    expect(await mark()).toEqual({ topic: TOPICS.activity, partition: PARTITION, offset: 6 });
    expect(await stateOf(stores.store, 'anna')).toMatchObject({ watchCount: 7 });
  });

  it('leave their format in the mark, also where nothing is folded behind them', async () => {
    await archiveWatches(0, 3);
    await checkpoint(1);
    expect(await rebuild(2)).toMatchObject({ checkpointOffset: 2, foldedRecordCount: 0 });
    expect(await mark()).toMatchObject({ offset: 2, stateFormat: 1 });
  });

  it('are no base of those of the older, which neither counts nor removes them', async () => {
    await archiveWatches(0, 3);
    await checkpoint(1);
    const offsets = [3, 4, 5];
    for (const end of offsets) {
      await archiveWatches(end, end + 1);
      await checkpoint(0);
    }
    expect(await kept()).toEqual([
      [5, 0],
      [4, 0],
      [2, 1],
    ]);
    expect(await rebuild(0)).toMatchObject({ checkpointOffset: 5 });
    await archiveWatches(6, 7);
    await checkpoint(1);
    expect(await kept()).toEqual([
      [6, 1],
      [5, 0],
    ]);
  });

  it('are made of all that is archived, and are the only ones, where the reducer has changed', async () => {
    await archiveWatches(0, 3);
    const place = { topic: TOPICS.activity, partition: PARTITION, offset: 2, stateFormat: 0 };
    const before = encodeState(newState('anna'));
    await checkpoints.write(
      place,
      (async function* () {
        yield { userId: 'anna', state: before };
      })(),
    );
    await archiveWatches(3, 4);
    await checkpoint(1);
    await rebuild(1);
    expect(await stateOf(stores.store, 'anna')).toMatchObject({ watchCount: 1 });
    await checkpoint(1, { anew: true });
    expect(await kept()).toEqual([[3, 1]]);
    await rebuild(1);
    expect(await stateOf(stores.store, 'anna')).toMatchObject({ watchCount: 4 });
  });
});
