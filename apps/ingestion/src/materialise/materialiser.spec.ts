import { createHash } from 'node:crypto';
import { DeadLetter, Event, TOPICS } from '@watchnext/contract';
import {
  EventLogError,
  LogUnavailableError,
  type NewRecord,
  partitionOf,
  type LogRecord,
  type RecordBatch,
} from '@watchnext/event-log';
import { foldedTo, MarkConflictError, StoreUnavailableError, type FeatureStore } from '@watchnext/feature-store';
import {
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  recordOf,
  searchOf,
  userDeletedOf,
  videoFactsOf,
  watchOf,
} from '@watchnext/testing';
import fc from 'fast-check';
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
const USERS = Array.from({ length: 12 }, (_, i) => `user-${i}`);

describe('Materialiser', () => {
  let stores: Stores;
  beforeEach(async () => (stores = await openStores()));
  afterEach(() => stores.dispose());

  const materialiser = (store: FeatureStore = stores.store, cachedUsersPerPartition = 3) =>
    new Materialiser(stores.log, store, quiet, {
      partitionCount: PARTITIONS,
      cachedUsersPerPartition,
      clock: () => AT_MS,
    });

  const batchOf = (
    partition: number,
    records: readonly LogRecord[],
    nextOffset = (records.at(-1)?.offset ?? -1) + 1,
  ): RecordBatch => ({
    topic: TOPICS.activity,
    partition,
    records,
    nextOffset,
    lag: 0,
    signal: new AbortController().signal,
  });

  /** Delivers a partition's records from where the materialiser wants them, cut into batches as told. */
  async function deliver(to: Materialiser, partition: number, cuts: readonly number[] = []): Promise<void> {
    const from = (await to.resumeOffset(partition)) ?? 0;
    let rest = (await allRecords(stores.log, TOPICS.activity)).filter(
      (r) => r.partition === partition && r.offset >= from,
    );
    for (let i = 0; rest.length > 0; i++) {
      const size = cuts.length > 0 ? (cuts[i % cuts.length] as number) : rest.length;
      await to.onBatch(batchOf(partition, rest.slice(0, size)));
      rest = rest.slice(size);
    }
  }
  const deliverAll = async (to: Materialiser, cuts?: readonly number[]) => {
    for (let partition = 0; partition < PARTITIONS; partition++) await deliver(to, partition, cuts);
  };
  const append = (events: readonly Event[]) => stores.log.append(TOPICS.activity, events.map(recordOf));

  const someEvents = (count: number): Event[] =>
    Array.from({ length: count }, (_, i) => {
      const userId = USERS[(i * 7) % USERS.length] as string;
      const atMs = AT_MS + i * 1_000;
      if (i % 11 === 10) return eventOf(userDeletedOf(userId), atMs);
      if (i % 4 === 0) return eventOf(impressionsServedOf(userId, [impressionItemOf(`video-${i % 9}`)]), atMs);
      if (i % 4 === 1) return eventOf(searchOf(userId, `query number ${i % 5}`), atMs);
      return eventOf(watchOf(userId, `video-${i % 9}`, { playbackId: `playback-${i}`, positionSeconds: i }), atMs);
    });

  it('stores what the reducer makes of the events, and the mark of the last record', async () => {
    const events = someEvents(120);
    await append(events);
    await deliverAll(materialiser());
    expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce(events)));
    for (const { partition, endOffset } of await stores.log.bounds(TOPICS.activity)) {
      expect(await stores.store.readMark(partition)).toEqual({
        topic: TOPICS.activity,
        partition,
        offset: endOffset - 1,
      });
    }
  });

  it('makes the same of them however they are cut, retried and resumed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat({ max: 59 }), { maxLength: 10 }),
        async (cuts, retries) => {
          const own = await openStores();
          const outer = stores;
          stores = own;
          try {
            const events = someEvents(60);
            const sent = [...events, ...retries.map((i) => events[i] as Event)];
            await append(sent.slice(0, 40));
            await deliverAll(materialiser(), cuts);
            await append(sent.slice(40));
            await deliverAll(materialiser(), cuts);
            expect(sorted(await storedStates(own.store))).toEqual(sorted(foldedOnce(events)));
          } finally {
            stores = outer;
            await own.dispose();
          }
        },
      ),
      { seed: 6, numRuns: 10 },
    );
  });

  it('passes what holds no records, behind the last ones and alone', async () => {
    const events = someEvents(40).filter((event) => recordOf(event).key === USERS[0]);
    await append(events);
    const partition = partitionOf(USERS[0] as string, PARTITIONS);
    const records = await allRecords(stores.log, TOPICS.activity);
    const folding = materialiser();
    await folding.resumeOffset(partition);
    await folding.onBatch(batchOf(partition, [], 0));
    await folding.onBatch(batchOf(partition, records, records.length + 2));
    expect(await foldedTo(stores.store, partition)).toBe(records.length + 2);
    await folding.onBatch(batchOf(partition, [], records.length + 5));
    expect(await foldedTo(stores.store, partition)).toBe(records.length + 5);
    expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce(events)));
  });

  it('refuses a batch that was delivered twice, and leaves the states alone', async () => {
    const events = [eventOf(watchOf('anna', 'v'), AT_MS)];
    await append(events);
    const partition = partitionOf('anna', PARTITIONS);
    const records = await allRecords(stores.log, TOPICS.activity);
    const [first, second] = [materialiser(), materialiser()];
    await Promise.all([first.resumeOffset(partition), second.resumeOffset(partition)]);
    await first.onBatch(batchOf(partition, records));
    await expect(second.onBatch(batchOf(partition, records))).rejects.toBeInstanceOf(MarkConflictError);
    expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce(events)));
  });

  it('forgets half-folded states when a commit fails', async () => {
    const events = [eventOf(watchOf('anna', 'a'), AT_MS), eventOf(watchOf('anna', 'b'), AT_MS + 1)];
    await append([events[0] as Event]);
    let failing = false;
    const unreliable: FeatureStore = Object.assign(Object.create(stores.store) as FeatureStore, {
      commit: async (...args: Parameters<FeatureStore['commit']>) => {
        if (failing) throw new StoreUnavailableError('told to fail');
        return stores.store.commit(...args);
      },
    });
    const folding = materialiser(unreliable);
    const partition = partitionOf('anna', PARTITIONS);
    await deliver(folding, partition);
    await append([events[1] as Event]);
    failing = true;
    const late = (await allRecords(stores.log, TOPICS.activity)).slice(1);
    await expect(folding.onBatch(batchOf(partition, late))).rejects.toThrow('told to fail');
    failing = false;
    await deliver(folding, partition);
    expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce(events)));
  });

  it('puts what it cannot fold into dead letters with the cause, and passes it', async () => {
    const tooOld = eventOf(watchOf('anna', 'v'), AT_MS - 3 * 86_400_000, { receivedAtMs: AT_MS });
    const good = eventOf(watchOf('anna', 'v'), AT_MS);
    const garbage = { key: 'anna', value: Buffer.from([0xff, 0xff, 0xff]) };
    const nobody = { key: 'anna', value: Event.encode({ ...good, body: undefined }).finish() };
    const ofVideo = {
      key: 'anna',
      value: Event.encode(eventOf({ $case: 'videoWithdrawn', value: { videoId: 'anna', reason: '' } }, AT_MS)).finish(),
    };
    await stores.log.append(TOPICS.activity, [garbage, recordOf(tooOld), nobody, ofVideo, recordOf(good)]);
    await deliverAll(materialiser());

    const letters = (await allRecords(stores.log, TOPICS.deadLetters)).map(({ value }) => DeadLetter.decode(value));
    const partition = partitionOf('anna', PARTITIONS);
    expect(letters.map(({ offset, code }) => [offset, code])).toEqual([
      [0, 'undecodable'],
      [1, 'too-old'],
      [2, 'missing-field'],
      [3, 'wrong-topic'],
    ]);
    expect(letters[0]).toMatchObject({ topic: TOPICS.activity, partition, deadAtMs: AT_MS });
    expect(Buffer.from(letters[0]?.key ?? []).toString()).toBe('anna');
    expect(Buffer.from(letters[0]?.value ?? []).equals(garbage.value)).toBe(true);
    expect(letters.every(({ error }) => error.length > 0)).toBe(true);
    expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce([good])));
    expect((await stores.store.readMark(partition))?.offset).toBe(4);
  });

  it('waits while the dead-letter topic cannot be written: neither mark nor states move', async () => {
    const [good, later] = [eventOf(searchOf('user-1', 'before'), AT_MS), eventOf(searchOf('user-1', 'after'), AT_MS)];
    await append([good]);
    await stores.log.append(TOPICS.activity, [{ key: 'user-1', value: Uint8Array.of(0xff, 0xff) }]);
    await append([later]);
    let down = true;
    const log = new Proxy(stores.log, {
      get: (target, name) =>
        name === 'append'
          ? async (topic: string, records: NewRecord[]) => {
              if (down && topic === TOPICS.deadLetters) throw new LogUnavailableError('the topic is not there');
              return target.append(topic, records);
            }
          : Reflect.get(target, name).bind(target),
    });
    const own = new Materialiser(log, stores.store, quiet, { partitionCount: PARTITIONS, cachedUsersPerPartition: 3 });
    const partition = partitionOf('user-1', PARTITIONS);
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(deliver(own, partition)).rejects.toThrow(LogUnavailableError);
      expect(await stores.store.read(partition, 'user-1')).toEqual({ state: undefined, mark: undefined });
    }
    down = false;
    await deliver(own, partition);
    expect((await stateOf(stores.store, 'user-1'))?.searches).toHaveLength(2);
    expect(await allRecords(stores.log, TOPICS.deadLetters)).toHaveLength(1);
  });

  const home = partitionOf('anna', PARTITIONS);
  const materialiserOn = (log: Stores['log']) =>
    new Materialiser(log, stores.store, quiet, { partitionCount: PARTITIONS, cachedUsersPerPartition: 3 });

  describe('of more than one append can hold', () => {
    const BROKER_LIMIT_BYTES = 1_048_576;
    /** Refuses what Kafka would refuse for ever, and, once, one append to a topic. */
    const brokerLog = (failing?: { readonly topic: string; readonly append: number }) => {
      const appends = new Map<string, number>();
      return new Proxy(stores.log, {
        get: (target, name) =>
          name === 'append'
            ? async (topic: string, records: NewRecord[]) => {
                const bytes = records.reduce((sum, { key, value }) => sum + key.length + value.byteLength, 0);
                if (bytes > BROKER_LIMIT_BYTES) throw new Error(`record too large: ${bytes} bytes`);
                const append = appends.get(topic) ?? 0;
                appends.set(topic, append + 1);
                if (topic === failing?.topic && append === failing.append) throw new LogUnavailableError('gone');
                return target.append(topic, records);
              }
            : Reflect.get(target, name).bind(target),
      });
    };
    const letterOffsets = async () =>
      (await allRecords(stores.log, TOPICS.deadLetters)).map(({ value }) => DeadLetter.decode(value).offset);
    const appendBroken = async (count: number) => {
      const broken = Buffer.alloc(2_000, 0xff);
      await stores.log.append(
        TOPICS.activity,
        Array.from({ length: count }, () => ({ key: 'anna', value: broken })),
      );
    };

    it('buries every letter, and passes them', async () => {
      await appendBroken(1_500);
      const good = eventOf(watchOf('anna', 'v'), AT_MS);
      await append([good]);
      await deliver(materialiserOn(brokerLog()), home);
      expect(await letterOffsets()).toEqual(Array.from({ length: 1_500 }, (_, offset) => offset));
      expect((await stores.store.readMark(home))?.offset).toBe(1_500);
      expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce([good])));
    });

    it('buries none again that was buried before an append failed', async () => {
      await appendBroken(1_500);
      const own = materialiserOn(brokerLog({ topic: TOPICS.deadLetters, append: 2 }));
      await expect(deliver(own, home)).rejects.toThrow('gone');
      const buried = await letterOffsets();
      expect(buried.length).toBeGreaterThan(0);
      expect((await stores.store.readMark(home))?.offset).toBe(buried.length - 1);
      await deliver(own, home);
      expect(await letterOffsets()).toEqual(Array.from({ length: 1_500 }, (_, offset) => offset));
    });

    it('sends on what belongs elsewhere, in its order, and once where nothing is lost in between', async () => {
      const elsewhere = USERS.find((userId) => partitionOf(userId, PARTITIONS) !== home) as string;
      const topics = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(100, 'x'));
      const events = Array.from({ length: 400 }, (_, i) =>
        eventOf(watchOf('anna', `video-${i}`, { playbackId: `p-${i}`, video: videoFactsOf({ topics }) }), AT_MS + i),
      );
      await stores.log.append(
        TOPICS.activity,
        events.map((event) => ({ ...recordOf(event), key: elsewhere })),
      );
      const own = materialiserOn(brokerLog({ topic: TOPICS.activity, append: 2 }));
      const from = partitionOf(elsewhere, PARTITIONS);
      await expect(deliver(own, from)).rejects.toThrow('gone');
      await deliver(own, from);
      const sent = (await allRecords(stores.log, TOPICS.activity)).filter(({ partition }) => partition === home);
      expect(sent.map(({ value }) => Event.decode(value).eventId)).toEqual(events.map(({ eventId }) => eventId));
      await deliver(own, home);
      expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce(events)));
    });
  });

  describe('of what is too large for the log by itself', () => {
    /** Of records that came in while the limit was a larger one. */
    const narrowLog = (limits: Readonly<Record<string, number>>) =>
      new Proxy(stores.log, {
        get: (target, name) =>
          name === 'append'
            ? async (topic: string, records: NewRecord[]) => {
                const bytes = records.reduce((sum, { value }) => sum + value.byteLength, 0);
                if (bytes > (limits[topic] ?? Infinity)) throw new EventLogError('refused', 'record-too-large', false);
                return target.append(topic, records);
              }
            : Reflect.get(target, name).bind(target),
      });
    const letters = async () =>
      (await allRecords(stores.log, TOPICS.deadLetters)).map(({ value }) => DeadLetter.decode(value));

    it('keeps the beginning of a letter, with the hash of the whole, and passes it', async () => {
      const broken = Buffer.alloc(50_000, 0xff);
      const good = eventOf(watchOf('anna', 'v'), AT_MS);
      await stores.log.append(TOPICS.activity, [
        { key: 'anna', value: Buffer.alloc(9, 0xff) },
        { key: 'anna', value: broken },
        recordOf(good),
      ]);
      await deliver(materialiserOn(narrowLog({ [TOPICS.deadLetters]: 40_000 })), home);
      const [whole, cut] = (await letters()).sort((a, b) => a.offset - b.offset);
      expect(whole).toMatchObject({ offset: 0, cutFromBytes: 0 });
      expect(cut).toMatchObject({ offset: 1, code: 'undecodable', cutFromBytes: 50_000 });
      expect(cut?.value.equals(broken.subarray(0, 32_768))).toBe(true);
      expect(cut?.wholeSha256.equals(createHash('sha256').update(broken).digest())).toBe(true);
      expect((await stores.store.readMark(home))?.offset).toBe(2);
      expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce([good])));
    });

    it('buries what it cannot send on, and sends the others on, once', async () => {
      const elsewhere = USERS.find((userId) => partitionOf(userId, PARTITIONS) !== home) as string;
      const from = partitionOf(elsewhere, PARTITIONS);
      const topics = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(100, 'x'));
      const events = [videoFactsOf(), videoFactsOf({ topics }), videoFactsOf()].map((video, i) =>
        eventOf(watchOf('anna', `video-${i}`, { playbackId: `p-${i}`, video }), AT_MS + i),
      );
      await stores.log.append(
        TOPICS.activity,
        events.map((event) => ({ ...recordOf(event), key: elsewhere })),
      );
      await deliver(materialiserOn(narrowLog({ [TOPICS.activity]: 3_000 })), from);
      const sent = (await allRecords(stores.log, TOPICS.activity)).filter(({ partition }) => partition === home);
      expect(sent.map(({ value }) => Event.decode(value).eventId)).toEqual([events[0]?.eventId, events[2]?.eventId]);
      expect(await letters()).toMatchObject([{ offset: 1, code: 'too-large' }]);
      expect((await stores.store.readMark(from))?.offset).toBe(2);
    });
  });

  it('sends a record on that lies in another partition or under another key than its user’s', async () => {
    const event = eventOf(watchOf('anna', 'v'), AT_MS);
    const elsewhere = USERS.find((userId) => partitionOf(userId, PARTITIONS) !== home) as string;
    const atHome = Array.from({ length: 100 }, (_, i) => `key-${i}`).find(
      (key) => partitionOf(key, PARTITIONS) === home,
    ) as string;
    const value = Event.encode(event).finish();
    await stores.log.append(TOPICS.activity, [
      { key: elsewhere, value },
      { key: atHome, value },
    ]);
    // Twice: the first time may append to a partition that it has been through.
    await deliverAll(materialiser());
    await deliverAll(materialiser());
    expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce([event])));
    expect((await stateOf(stores.store, 'anna'))?.watchCount).toBe(1);
  });

  it('takes the record’s time for an event that no collector received', async () => {
    const event = eventOf(watchOf('anna', 'v'), AT_MS, { receivedAtMs: 0 });
    await stores.log.append(TOPICS.activity, [{ ...recordOf(event), timestampMs: AT_MS + 2 * 86_400_000 }]);
    await deliverAll(materialiser());
    const [letter] = (await allRecords(stores.log, TOPICS.deadLetters)).map(({ value }) => DeadLetter.decode(value));
    expect(letter?.code).toBe('too-old');
  });

  it('does not go on from states that another topic version was folded into', async () => {
    await stores.store.commit(0, {
      expected: undefined,
      next: { topic: 'watchnext.activity.v0', partition: 0, offset: 5 },
      states: new Map(),
    });
    await expect(materialiser().resumeOffset(0)).rejects.toThrow('watchnext.activity.v0');
  });
});
