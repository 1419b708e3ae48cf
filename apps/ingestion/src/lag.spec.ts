import { TOPICS } from '@watchnext/contract';
import { openParquetArchive, type EventArchive } from '@watchnext/event-archive';
import { partitionOf } from '@watchnext/event-log';
import { eventOf, eventually, recordOf, searchOf } from '@watchnext/testing';
import { join } from 'node:path';
import { allRecords, openStores, PARTITIONS, type Stores } from '../test/harness';
import { LagReader } from './lag';

const AT_MS = 1_790_000_000_000;
const HOME = partitionOf('anna', PARTITIONS);

describe('LagReader', () => {
  let stores: Stores;
  let archive: EventArchive;
  beforeEach(async () => {
    stores = await openStores();
    archive = openParquetArchive(join(stores.directory, 'archive'));
  });
  afterEach(async () => {
    await archive.close();
    await stores.dispose();
  });

  const lag = () => new LagReader(stores.log, stores.store, archive).read();
  const foldTo = (offset: number) =>
    stores.store.commit(HOME, {
      expected: undefined,
      next: { topic: TOPICS.activity, partition: HOME, offset },
      states: new Map(),
    });

  it('counts what is not folded and what is not archived, by partition and in all', async () => {
    expect(await lag()).toMatchObject({ materialised: 0, archived: 0 });
    await stores.log.append(
      TOPICS.activity,
      [1, 2, 3].map((i) => recordOf(eventOf(searchOf('anna', `q${i}`), AT_MS))),
    );
    await stores.log.append(TOPICS.catalog, [{ key: 'v', value: new Uint8Array() }]);
    await foldTo(0);
    await archive.write(TOPICS.activity, HOME, (await allRecords(stores.log, TOPICS.activity)).slice(0, 2));
    const { materialised, archived, partitions } = await lag();
    expect([materialised, archived]).toEqual([2, 2]);
    expect(partitions).toContainEqual({
      topic: TOPICS.activity,
      partition: HOME,
      endOffset: 3,
      materialised: 2,
      archived: 1,
    });
    expect(partitions).toContainEqual({ topic: TOPICS.catalog, partition: 0, endOffset: 1, archived: 1 });
  });

  it('takes states that a checkpoint is loaded into for those of no offset', async () => {
    await stores.log.append(TOPICS.activity, [recordOf(eventOf(searchOf('anna', 'q'), AT_MS))]);
    const next = { topic: 'watchnext.restoring', partition: HOME, offset: 500 };
    await stores.store.commit(HOME, { expected: undefined, next, states: new Map() });
    expect(await lag()).toMatchObject({ materialised: 1 });
  });

  it('does not call it 0 when the states are ahead of the log', async () => {
    await foldTo(7);
    await expect(lag()).rejects.toThrow('the log is not the one');
  });

  it('is looked for once at a time however many ask, and again for who asks after it has begun', async () => {
    const reader = new LagReader(stores.log, stores.store, archive);
    const looks = jest.spyOn(stores.log, 'bounds');
    const LOG_READS = 2;
    const first = reader.read();
    // It has begun.
    await eventually(() => looks.mock.calls.length > 0, 'the first look');
    await stores.log.append(TOPICS.activity, [recordOf(eventOf(searchOf('anna', 'q'), AT_MS))]);
    const later = await Promise.all(Array.from({ length: 50 }, () => reader.read()));
    await first;
    expect(looks).toHaveBeenCalledTimes(2 * LOG_READS);
    for (const { archived } of later) expect(archived).toBe(1);
  });

  it('is looked for again after a look that failed', async () => {
    const reader = new LagReader(stores.log, stores.store, archive);
    jest.spyOn(stores.log, 'bounds').mockRejectedValueOnce(new Error('the log is gone'));
    await expect(reader.read()).rejects.toThrow('the log is gone');
    expect(await reader.read()).toMatchObject({ archived: 0 });
  });
});
