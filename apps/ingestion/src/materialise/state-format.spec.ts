import { type Event, TOPICS } from '@watchnext/contract';
import { eventOf, recordOf, watchOf } from '@watchnext/testing';
import { allRecords, openStores, PARTITIONS, quiet, sorted, storedStates, type Stores } from '../../test/harness';
import { Materialiser } from './materialiser';

const AT_MS = 1_790_000_000_000;

describe('a materialiser beside a version whose states have more in them', () => {
  let stores: Stores;
  beforeEach(async () => (stores = await openStores()));
  afterEach(() => stores.dispose());

  const ofFormat = (stateFormat: number) =>
    new Materialiser(stores.log, stores.store, quiet, {
      partitionCount: PARTITIONS,
      cachedUsersPerPartition: 100,
      clock: () => AT_MS,
      stateFormat,
    });
  const watches = (from: number, to: number): Event[] =>
    Array.from({ length: to - from }, (_, i) =>
      eventOf(watchOf(`user-${i % 12}`, 'v', { playbackId: `playback-${from + i}` }), AT_MS + from + i),
    );
  const append = (events: readonly Event[]) => stores.log.append(TOPICS.activity, events.map(recordOf));
  const batchOf = async (partition: number, from: number) => {
    const all = await allRecords(stores.log, TOPICS.activity);
    const records = all.filter((record) => record.partition === partition && record.offset >= from);
    const nextOffset = (records.at(-1)?.offset ?? from - 1) + 1;
    return { topic: TOPICS.activity, partition, records, nextOffset, lag: 0, signal: new AbortController().signal };
  };
  const deliver = async (to: Materialiser, partition: number) =>
    to.onBatch(await batchOf(partition, (await to.resumeOffset(partition)) ?? 0));
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const marks = () => Promise.all(partitions.map((partition) => stores.store.readMark(partition)));

  it('goes on from states of before, marks what it writes, and is refused by the version of before', async () => {
    await append(watches(0, 40));
    for (const partition of partitions) await deliver(ofFormat(0), partition);
    for (const mark of await marks()) expect(mark).not.toHaveProperty('stateFormat');
    const before = await storedStates(stores.store);
    await append(watches(40, 80));
    for (const partition of partitions) await deliver(ofFormat(1), partition);
    expect((await marks()).map((mark) => mark?.stateFormat)).toEqual(Array(PARTITIONS).fill(1));
    const after = sorted(await storedStates(stores.store));
    expect(after).not.toEqual(sorted(before));
    await expect(ofFormat(0).resumeOffset(0)).rejects.toThrow(/format 1, by a newer version.*rebuild/);
    expect(await ofFormat(2).resumeOffset(0)).toBeGreaterThan(0);
    expect(sorted(await storedStates(stores.store))).toEqual(after);
  });

  it('has the version of before write nothing over what it wrote meanwhile', async () => {
    const old = ofFormat(0);
    await append(watches(0, 20));
    await old.resumeOffset(0);
    await deliver(ofFormat(1), 0);
    await expect(old.onBatch(await batchOf(0, 0))).rejects.toMatchObject({ code: 'mark-conflict' });
    await expect(old.resumeOffset(0)).rejects.toThrow('format 1');
  });
});
