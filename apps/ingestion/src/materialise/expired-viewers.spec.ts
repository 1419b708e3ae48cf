import { DeadLetter, type Event, TOPICS } from '@watchnext/contract';
import { partitionOf } from '@watchnext/event-log';
import { eventOf, recordOf, searchOf, userDeletedOf, userExpiredOf, watchOf } from '@watchnext/testing';
import {
  allRecords,
  foldedOnce,
  openStores,
  PARTITIONS,
  quiet,
  sorted,
  stateOf,
  storedStates,
  type Stores,
} from '../../test/harness';
import { Materialiser } from './materialiser';

const AT_MS = 1_790_000_000_000;

describe('a materialiser of viewers who stay away', () => {
  let stores: Stores;
  beforeEach(async () => (stores = await openStores()));
  afterEach(() => stores.dispose());

  const append = (events: readonly Event[]) => stores.log.append(TOPICS.activity, events.map(recordOf));
  /** A materialiser that holds all partitions, and so keeps its caches from one delivery to the next. */
  async function holdAll() {
    const materialiser = new Materialiser(stores.log, stores.store, quiet, {
      partitionCount: PARTITIONS,
      cachedUsersPerPartition: 3,
    });
    const next: number[] = [];
    for (let partition = 0; partition < PARTITIONS; partition++)
      next.push((await materialiser.resumeOffset(partition)) ?? 0);
    /** What the log has by now, cut into batches as told. */
    const deliver = async (cuts: readonly number[] = []) => {
      const records = await allRecords(stores.log, TOPICS.activity);
      const { signal } = new AbortController();
      for (let partition = 0; partition < PARTITIONS; partition++) {
        let rest = records.filter((record) => record.partition === partition && record.offset >= next[partition]);
        for (let i = 0; rest.length > 0; i++) {
          const batch = rest.slice(0, cuts[i % cuts.length] ?? rest.length);
          rest = rest.slice(batch.length);
          next[partition] = (batch.at(-1)?.offset ?? -1) + 1;
          const place = { topic: TOPICS.activity, partition, nextOffset: next[partition], lag: 0, signal };
          await materialiser.onBatch({ ...place, records: batch });
        }
      }
    };
    return deliver;
  }

  const DAY_MS = 86_400_000;
  const expiry = (userId: string, idleDays = 90, atMs = AT_MS) =>
    eventOf(userExpiredOf(userId, atMs - idleDays * DAY_MS), atMs);
  const lifeOf = (userId: string) => [
    eventOf(watchOf(userId, 'a'), AT_MS - 100 * DAY_MS),
    eventOf(searchOf(userId, 'cats'), AT_MS - 99 * DAY_MS),
  ];
  const listed = async (userId: string) =>
    (await stores.store.listUserIds(partitionOf(userId, PARTITIONS), { limit: 10 })).includes(userId);

  it('takes the states out of the store, and brings none back from its cache', async () => {
    const deliver = await holdAll();
    await append([...lifeOf('anna'), ...lifeOf('ben'), eventOf(searchOf('ben', 'dogs'), AT_MS - DAY_MS)]);
    await deliver();
    await append([expiry('anna'), expiry('ben'), expiry('nobody')]);
    await deliver();
    expect([await stateOf(stores.store, 'anna'), await listed('anna')]).toEqual([undefined, false]);
    expect(await stateOf(stores.store, 'ben')).toMatchObject({ watchCount: 1, searches: [{}, {}] });
    expect([await stateOf(stores.store, 'nobody'), await listed('nobody')]).toEqual([undefined, false]);

    await append([eventOf(watchOf('anna', 'b'), AT_MS + 1_000)]);
    await deliver();
    expect(await stateOf(stores.store, 'anna')).toMatchObject({
      watchCount: 1,
      watches: [{ videoId: 'b' }],
      searches: [],
    });
    expect(await listed('anna')).toBe(true);
    // Sent by a second run, before the first one's was folded.
    await append([expiry('anna')]);
    await deliver();
    expect(await stateOf(stores.store, 'anna')).toMatchObject({ watchCount: 1 });
    expect(await allRecords(stores.log, TOPICS.deadLetters)).toEqual([]);
  });

  it('comes to the same however the batches are cut', async () => {
    const events = [
      ...[...lifeOf('anna'), expiry('anna'), eventOf(watchOf('anna', 'c'), AT_MS + 1_000)],
      ...[...lifeOf('ben'), eventOf(userDeletedOf('ben'), AT_MS - 98 * DAY_MS), expiry('ben')],
      ...[...lifeOf('carl'), expiry('carl'), expiry('carl')],
    ];
    await append(events);
    const expected = foldedOnce(events);
    expect([...expected.keys()].sort()).toEqual(['anna', 'ben']);
    for (const cuts of [[], [1], [2], [3, 1], [5]]) {
      for (let partition = 0; partition < PARTITIONS; partition++) await stores.store.clear(partition);
      await (
        await holdAll()
      )(cuts);
      expect(sorted(await storedStates(stores.store))).toEqual(sorted(expected));
    }
  });

  it('makes a dead letter of an expiry that looks back less than ids are remembered', async () => {
    await append([...lifeOf('anna'), expiry('anna', 1)]);
    await (
      await holdAll()
    )();
    const [letter] = (await allRecords(stores.log, TOPICS.deadLetters)).map(({ value }) => DeadLetter.decode(value));
    expect(letter).toMatchObject({
      code: 'invalid-field',
      error: expect.stringContaining('userExpired.idleSinceMs'),
    });
    expect(await stateOf(stores.store, 'anna')).toMatchObject({ watchCount: 1 });
  });
});
