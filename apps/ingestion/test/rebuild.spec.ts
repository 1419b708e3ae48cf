import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDriverSettings } from '@watchnext/config';
import { Event, TOPICS } from '@watchnext/contract';
import { type CheckpointStore, type EventArchive, openCheckpoints, openParquetArchive } from '@watchnext/event-archive';
import type { EventLog, LogRecord } from '@watchnext/event-log';
import { type FeatureStore, openFeatureStore } from '@watchnext/feature-store';
import { DAY_MS } from '@watchnext/features';
import {
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  recordOf,
  requireServer,
  searchOf,
  userDeletedOf,
  userExpiredOf,
  watchOf,
} from '@watchnext/testing';
import { Materialiser, RetentionGapError } from '../src/materialise/materialiser';
import { foldToEnd } from '../src/rebuild/fold-to-end';
import { restorePartition, type RestoreOptions } from '../src/rebuild/restore-partition';
import { writeCheckpoint } from '../src/rebuild/write-checkpoint';
import { allRecords, openStores, PARTITIONS, quiet, sorted, storedStates, type Stores } from './harness';

const AT_MS = 1_790_000_000_000;
/** They were there long ago, and are let go of; some come back. */
const VISITORS = Array.from({ length: 30 }, (_, i) => `visitor-${i}`);
const USERS = Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? `zoë-${i}-😀` : `user-${i}`));
const partitions = [...Array(PARTITIONS).keys()];

function someEvents(from: number, count: number): Event[] {
  return Array.from({ length: count }, (_, index) => {
    const i = from + index;
    const userId = USERS[(i * 7) % USERS.length] as string;
    const atMs = AT_MS + i * 1_000;
    if (i % 83 === 10) return eventOf(userDeletedOf(userId), atMs);
    if (i % 4 === 0) return eventOf(impressionsServedOf(userId, [impressionItemOf(`video-${i % 9}`)]), atMs);
    if (i % 4 === 1) return eventOf(searchOf(userId, `query number ${i % 5}`), atMs);
    return eventOf(watchOf(userId, `video-${i % 9}`, { playbackId: `playback-${i}`, positionSeconds: i }), atMs);
  });
}

/** At both ends of the others. */
function visits(): { first: Event[]; last: Event[] } {
  const idleSinceMs = AT_MS - 90 * DAY_MS;
  return {
    first: VISITORS.map((userId, i) => eventOf(watchOf(userId, 'v', { positionSeconds: i }), idleSinceMs - 1_000 + i)),
    last: VISITORS.flatMap((userId, i) => [
      eventOf(userExpiredOf(userId, idleSinceMs), AT_MS + i),
      ...(i % 3 === 0 ? [eventOf(searchOf(userId, 'here again'), AT_MS + 1_000)] : []),
    ]),
  };
}

/** The specs, on a feature store that a factory opens. */
function describeRebuild(name: string, open: (folder: string) => FeatureStore): void {
  describe(`rebuild on ${name}`, () => {
    let stores: Stores;
    let store: FeatureStore;
    let archive: EventArchive;
    let checkpoints: CheckpointStore;
    let streamed: [string, string][];

    beforeEach(async () => {
      stores = await openStores();
      store = open(join(stores.directory, 'own-store'));
      const archiveFolder = join(stores.directory, 'archive');
      archive = openParquetArchive(archiveFolder);
      checkpoints = openCheckpoints(loadDriverSettings({}), archiveFolder);
      // What dies and what is sent on is there as well, and must count once.
      const events = someEvents(0, 1_500);
      const { first, last } = visits();
      await stores.log.append(TOPICS.activity, [...first, ...events.slice(0, 900)].map(recordOf));
      await stores.log.append(TOPICS.activity, [{ key: 'user-1', value: Buffer.from([0xff, 0xff]) }]);
      await stores.log.append(TOPICS.activity, [{ ...recordOf(events[900] as Event), key: 'not-its-user' }]);
      const half = VISITORS.length / 2;
      await stores.log.append(
        TOPICS.activity,
        [...last.slice(0, half), ...events.slice(901), ...last.slice(half)].map(recordOf),
      );
      await foldToEnd(stores.log, store, quiet, partitions, PARTITIONS);
      // The record that was sent on came after the end that was known.
      await foldToEnd(stores.log, store, quiet, partitions, PARTITIONS);
      streamed = sorted(await storedStates(store));
      expect(streamed.length).toBe(USERS.length + VISITORS.length / 3);
    });
    afterEach(async () => {
      await Promise.all(partitions.map((partition) => store.clear(partition)));
      await Promise.all([store.close(), archive.close(), stores.dispose()]);
      checkpoints.close();
    });

    /** Archives what each partition has up to a share of its end. */
    async function archiveUpTo(share: number): Promise<void> {
      const records = await allRecords(stores.log, TOPICS.activity);
      for (const partition of partitions) {
        const own = records.filter((record) => record.partition === partition);
        const from = (await archive.nextOffset(TOPICS.activity, partition)) ?? 0;
        const part = own.filter(({ offset }) => offset >= from && offset < own.length * share);
        await archive.write(TOPICS.activity, partition, part as LogRecord[]);
      }
    }
    const restore = (partition: number, options: Partial<RestoreOptions> = {}) =>
      restorePartition({ store, archive, checkpoints, logger: quiet }, partition, {
        partitionCount: PARTITIONS,
        ...options,
      });
    const restoreAll = async () => {
      const reports = [];
      for (const partition of partitions) reports.push(await restore(partition));
      await foldToEnd(stores.log, store, quiet, partitions, PARTITIONS);
      return reports;
    };
    const checkpointAll = async () => {
      for (const partition of partitions) {
        await writeCheckpoint(archive, checkpoints, quiet, partition, { partitionCount: PARTITIONS, keep: 2 });
      }
    };
    const wipe = () => Promise.all(partitions.map((partition) => store.clear(partition)));
    const expectStreamed = async () => expect(sorted(await storedStates(store))).toEqual(streamed);

    it('restores from archive and log what streaming gave, byte for byte', async () => {
      await archiveUpTo(0.7);
      await wipe();
      const reports = await restoreAll();
      expect(
        reports.every(
          ({ checkpointOffset, foldedRecordCount }) => checkpointOffset === undefined && foldedRecordCount > 0,
        ),
      ).toBe(true);
      await expectStreamed();
    });

    it('begins at the newest checkpoint, which the next one builds on', async () => {
      await archiveUpTo(0.3);
      await checkpointAll();
      await archiveUpTo(0.6);
      await checkpointAll();
      await archiveUpTo(0.8);
      await checkpointAll();
      expect(await checkpoints.list(TOPICS.activity)).toHaveLength(2 * PARTITIONS);
      await archiveUpTo(0.9);
      await wipe();
      for (const report of await restoreAll()) {
        expect(report.checkpointOffset).toBeGreaterThan(0);
        expect(report.loadedStateCount).toBeGreaterThan(0);
        expect(report.foldedRecordCount).toBeLessThan(100);
      }
      await expectStreamed();
    });

    it('passes over a damaged checkpoint and takes the one before it', async () => {
      await archiveUpTo(0.5);
      await checkpointAll();
      const [older] = await checkpoints.list(TOPICS.activity);
      await archiveUpTo(1);
      await checkpointAll();
      const folder = join(stores.directory, 'checkpoints', TOPICS.activity);
      const newest = (await readdir(folder))
        .filter((file) => file.startsWith('p00000'))
        .sort()
        .at(-1) as string;
      const bytes = await readFile(join(folder, newest));
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(join(folder, newest), bytes);
      await wipe();
      expect((await restoreAll())[0]?.checkpointOffset).toBe(older?.offset);
      await expectStreamed();
    });

    it('begins anew where an earlier one was cut off while it loaded', async () => {
      await archiveUpTo(1);
      await wipe();
      await store.commit(0, {
        expected: undefined,
        next: { topic: 'watchnext.restoring', partition: 0, offset: 500 },
        states: new Map([['left-over', new Uint8Array([1])]]),
      });
      await expect(
        new Materialiser(stores.log, store, quiet, {
          partitionCount: PARTITIONS,
          cachedUsersPerPartition: 1,
        }).resumeOffset(0),
      ).rejects.toThrow('watchnext.restoring');
      await restoreAll();
      await expectStreamed();
    });

    it('refuses a store that is ahead of the archive, unless told to overwrite it', async () => {
      await archiveUpTo(0.5);
      await expect(restore(0)).rejects.toThrow(
        /partition 0: the store's mark is at \d+, the archive ends before \d+.*--overwrite/s,
      );
      await expectStreamed();
      const report = await restore(0, { overwrite: true });
      expect((await store.readMark(0))?.offset).toBe(report.markOffset);
      await foldToEnd(stores.log, store, quiet, partitions, PARTITIONS);
      await expectStreamed();
    });

    it('keeps states that the archive has nothing to restore from, even if told to overwrite them', async () => {
      const refused = expect(restore(0, { overwrite: true })).rejects;
      await refused.toThrow(/partition 0: .*nothing to restore them from.*must name a system that has run/);
      await expectStreamed();
    });

    it('keeps states where the beginning of the archive is missing, even if told to overwrite them', async () => {
      const own = (await allRecords(stores.log, TOPICS.activity)).filter(({ partition }) => partition === 0);
      await archive.write(TOPICS.activity, 0, own.slice(50));
      await expect(restore(0, { overwrite: true })).rejects.toThrow(/the archive begins at offset 50/);
      await expectStreamed();
    });

    it('goes on from the mark of a store that fell behind the log’s retention', async () => {
      await archiveUpTo(1);
      const mark = await store.readMark(1);
      await wipe();
      const first = (await allRecords(stores.log, TOPICS.activity))
        .filter(({ partition }) => partition === 1)
        .slice(0, 100);
      const materialiser = new Materialiser(stores.log, store, quiet, {
        partitionCount: PARTITIONS,
        cachedUsersPerPartition: 9,
      });
      await materialiser.resumeOffset(1);
      await materialiser.onBatch({
        topic: TOPICS.activity,
        partition: 1,
        records: first,
        nextOffset: 100,
        lag: 0,
        signal: new AbortController().signal,
      });

      const shortened = {
        bounds: async () => [{ partition: 1, firstOffset: 200, endOffset: 400 }],
      } as unknown as EventLog;
      const late = new Materialiser(shortened, store, quiet, {
        partitionCount: PARTITIONS,
        cachedUsersPerPartition: 9,
      });
      const gap = late.resumeOffset(1);
      await expect(gap).rejects.toThrow(RetentionGapError);
      await expect(gap).rejects.toThrow(/from offset 100, .* before 200.*npm run rebuild -- --partition 1/);
      await expect(foldToEnd(shortenedOf(stores.log), store, quiet, [1], PARTITIONS)).rejects.toThrow(
        RetentionGapError,
      );

      const { foldedRecordCount, misplacedRecordCount, deadRecordCount } = await restore(1);
      expect(foldedRecordCount + misplacedRecordCount + deadRecordCount).toBe((mark?.offset ?? 0) + 1 - 100);
      await restoreAll().catch((error: Error) => expect(error.message).toContain('nothing to restore'));
    });

    it('refuses an archive whose beginning is missing', async () => {
      const own = (await allRecords(stores.log, TOPICS.activity)).filter(({ partition }) => partition === 0);
      await archive.write(TOPICS.activity, 0, own.slice(50));
      await wipe();
      await expect(restore(0)).rejects.toThrow(/the archive begins at offset 50/);
      expect(await store.readMark(0)).toBeUndefined();
    });
  });
}

/** The same log after retention has deleted the first half of each partition. */
function shortenedOf(log: EventLog): EventLog {
  const bounds = async (topic: string) =>
    (await log.bounds(topic)).map((each) => ({ ...each, firstOffset: Math.floor(each.endOffset / 2) }));
  return new Proxy(log, {
    get: (target, name) => (name === 'bounds' ? bounds : Reflect.get(target, name).bind(target)),
  });
}

describeRebuild('the embedded store', (folder) => openFeatureStore(loadDriverSettings({}), folder));

const redis = requireServer('Redis', 'WATCHNEXT_REDIS_URL');
if (redis) {
  describeRebuild('Redis', (folder) =>
    openFeatureStore(
      loadDriverSettings({
        WATCHNEXT_FEATURE_STORE: 'redis',
        WATCHNEXT_REDIS_URL: redis,
        WATCHNEXT_REDIS_NAMESPACE: `rebuild-${randomUUID()}`,
      }),
      folder,
    ),
  );
}
