import { randomUUID } from 'node:crypto';
import { DeadLetter, Event, TOPICS } from '@watchnext/contract';
import { type GroupHandler, type LogRecord, partitionOf } from '@watchnext/event-log';
import { type FeatureStore, foldedTo, openRedisFeatureStore } from '@watchnext/feature-store';
import { applyEvent, DAY_MS, decodeState, encodeState, newState } from '@watchnext/features';
import {
  eventOf,
  eventually,
  impressionItemOf,
  impressionsServedOf,
  recordOf,
  requireServer,
  searchOf,
  userDeletedOf,
  watchOf,
} from '@watchnext/testing';
import { type ExpireOptions, expireViewers, NotExpiredError } from '../src/expire/expire-viewers';
import { Materialiser } from '../src/materialise/materialiser';
import { allRecords, openStores, PARTITIONS, quiet, type Stores } from './harness';

jest.setTimeout(120_000);

const NOW_MS = Date.now();
const IDLE_SINCE_MS = NOW_MS - 90 * DAY_MS;
const partitions = [...Array(PARTITIONS).keys()];
const daysAgo = (days: number) => NOW_MS - days * DAY_MS;
const profile = { country: 'FR', language: 'fr', ageYears: 30, gender: 1, blockedChannelIds: ['ch'] };
const upsertedOf = (userId: string) => ({ $case: 'userUpserted', value: { userId, profile } }) as const;

/** As a release that knows no expiries reads the record: without a body. */
function asBefore(record: LogRecord): LogRecord {
  const event = Event.decode(record.value);
  if (event.body?.$case !== 'userExpired') return record;
  return { ...record, value: Event.encode({ ...event, body: undefined }).finish() };
}

/** @param open a store beside the log; default: the embedded one */
function describeExpire(name: string, open?: () => FeatureStore): void {
  describe(`expiring viewers: ${name}`, () => {
    let stores: Stores;
    let store: FeatureStore;
    let folding: { stop(): Promise<void> };
    const materialise = (isOfBefore = false) => {
      const options = { partitionCount: PARTITIONS, cachedUsersPerPartition: 100 };
      const materialiser = new Materialiser(stores.log, store, quiet, options);
      const handler: GroupHandler = {
        resumeOffset: (partition) => materialiser.resumeOffset(partition),
        onBatch: (batch) =>
          materialiser.onBatch(isOfBefore ? { ...batch, records: batch.records.map(asBefore) } : batch),
        onRevoked: (partition) => materialiser.onRevoked(partition),
        onError: (error, partition) => materialiser.onError(error, partition),
      };
      return stores.log.joinGroup({ topic: TOPICS.activity, groupId: 'materialise' }, handler);
    };
    beforeEach(async () => {
      stores = await openStores();
      store = open?.() ?? stores.store;
      folding = await materialise();
    });
    afterEach(async () => {
      await folding.stop();
      await Promise.all(partitions.map((partition) => store.clear(partition)));
      if (store !== stores.store) await store.close();
      await stores.dispose();
    });

    const folded = async () => {
      for (const { partition, endOffset } of await stores.log.bounds(TOPICS.activity)) {
        const isFolded = async () => (await foldedTo(store, partition)) >= endOffset;
        await eventually(isFolded, `the states of partition ${partition}`);
      }
    };
    const append = async (events: readonly Event[]) => {
      await stores.log.append(TOPICS.activity, events.map(recordOf));
      await folded();
    };
    const stateOf = async (userId: string) => {
      const { state } = await store.read(partitionOf(userId, PARTITIONS), userId);
      return state && decodeState(state);
    };
    const listed = async () => {
      const pages = partitions.map((partition) => store.listUserIds(partition, { limit: 10_000 }));
      return (await Promise.all(pages)).flat().sort();
    };
    const expire = (options: Partial<ExpireOptions> = {}) =>
      expireViewers({ log: stores.log, store, partitionCount: PARTITIONS }, { idleSinceMs: IDLE_SINCE_MS, ...options });
    const eventCount = async () =>
      (await stores.log.bounds(TOPICS.activity)).reduce((sum, { endOffset }) => sum + endOffset, 0);

    const visit = (userId: string, days: number) =>
      eventOf(impressionsServedOf(userId, [impressionItemOf('v')], { requestId: randomUUID() }), daysAgo(days));
    const people = () => [
      ...[visit('idle', 120), visit('idle', 91)],
      ...[visit('there', 120), visit('there', 89)],
      ...[eventOf(upsertedOf('registered'), daysAgo(200)), eventOf(searchOf('registered', 'cats'), daysAgo(100))],
      ...[eventOf(watchOf('deleted', 'v'), daysAgo(100)), eventOf(userDeletedOf('deleted'), daysAgo(99))],
    ];

    it('counts in a dry run, and sends nothing', async () => {
      await append(people());
      const before = await eventCount();
      const report = await expire({ dryRun: true });
      expect(report).toEqual({
        ...{ dryRun: true, idleSince: new Date(IDLE_SINCE_MS).toISOString() },
        ...{ viewerCount: 4, idleCount: 1, idleBytes: expect.any(Number), idleWithProfileCount: 1 },
        ...{ tombstoneCount: 1, unreadableCount: 0, expiredCount: 0, returnedCount: 0 },
      });
      expect(report.idleBytes).toBeGreaterThan(50);
      expect(await eventCount()).toBe(before);
      expect(await listed()).toEqual(['deleted', 'idle', 'registered', 'there']);
    });

    it('lets go of who was away, and of nobody else; again it finds nobody', async () => {
      await append(people());
      expect(await expire()).toMatchObject({ viewerCount: 4, idleCount: 1, expiredCount: 1, returnedCount: 0 });
      expect(await listed()).toEqual(['deleted', 'registered', 'there']);
      expect(await stateOf('there')).toMatchObject({ exposures: [{ impressionCount: 2 }] });
      expect(await stateOf('deleted')).toMatchObject({ deleted: true });
      const before = await eventCount();
      expect(await expire()).toMatchObject({ viewerCount: 3, idleCount: 0, expiredCount: 0 });
      expect(await eventCount()).toBe(before);
      await append([visit('idle', 0)]);
      expect(await stateOf('idle')).toMatchObject({ exposures: [{ impressionCount: 1 }] });
      expect(await expire()).toMatchObject({ idleCount: 0 });
    });

    it('lets go of those with a profile when told to', async () => {
      await append(people());
      expect(await expire({ withProfiles: true })).toMatchObject({
        idleCount: 2,
        expiredCount: 2,
        idleWithProfileCount: 0,
      });
      expect(await listed()).toEqual(['deleted', 'there']);
    });

    it('goes through more viewers than one page and one batch hold, and tells how far it is', async () => {
      const crowd = Array.from({ length: 2_600 }, (_, i) => `visitor-${i}`);
      await folding.stop();
      for (const partition of partitions) {
        const own = crowd.filter((userId) => partitionOf(userId, PARTITIONS) === partition);
        const states = own.map((userId): [string, Uint8Array] => {
          const state = newState(userId);
          applyEvent(state, visit(userId, Number(userId.slice(8)) % 2 === 0 ? 100 : 10));
          return [userId, encodeState(state)];
        });
        const next = { topic: TOPICS.activity, partition, offset: -1 };
        await store.commit(partition, { expected: undefined, next, states: new Map(states) });
      }
      folding = await materialise();
      const told: (readonly [number, number])[] = [];
      const report = await expire({ onProgress: (done, total) => told.push([done, total]) });
      expect(report).toMatchObject({ viewerCount: 2_600, idleCount: 1_300, expiredCount: 1_300, returnedCount: 0 });
      expect((await listed()).length).toBe(1_300);
      expect(told.at(-1)).toEqual([2_600, 2_600]);
      expect(told.length).toBeGreaterThan(10);
    });

    it('leaves who comes back before it is folded with all that was known', async () => {
      await append(people());
      const { log } = stores;
      const appendNow = log.append.bind(log);
      jest.spyOn(log, 'append').mockImplementationOnce(async (topic, records) => {
        await appendNow(topic, [recordOf(visit('idle', 0))]);
        return appendNow(topic, records);
      });
      expect(await expire()).toMatchObject({ idleCount: 1, expiredCount: 0, returnedCount: 1 });
      expect(await stateOf('idle')).toMatchObject({ exposures: [{ impressionCount: 3 }] });
    });

    it('says that nobody folds, and goes on in the next run', async () => {
      await append(people());
      await folding.stop();
      await expect(expire({ patienceMs: 100 })).rejects.toThrow(/not folded: is ingestion.*running/);
      folding = await materialise();
      await folded();
      expect(await expire()).toMatchObject({ viewerCount: 3, idleCount: 0 });
    });

    it('says that the materialisers are of an older release, after the first batch', async () => {
      await append(people());
      await folding.stop();
      folding = await materialise(true);
      const failure = expire({ withProfiles: true });
      await expect(failure).rejects.toBeInstanceOf(NotExpiredError);
      await expect(failure).rejects.toThrow(
        /nobody is gone: the materialiser is of a release.*Roll the release out first/,
      );
      expect(await listed()).toEqual(['deleted', 'idle', 'registered', 'there']);
      const letters = (await allRecords(stores.log, TOPICS.deadLetters)).map(({ value }) => DeadLetter.decode(value));
      expect(letters.map(({ code, error }) => `${code} ${error}`)).toContain('missing-field body: body is required');
    });

    it('says so too where one of those it took for idle has come back', async () => {
      await append(people());
      await folding.stop();
      folding = await materialise(true);
      const { log } = stores;
      const appendNow = log.append.bind(log);
      jest.spyOn(log, 'append').mockImplementationOnce(async (topic, records) => {
        await appendNow(topic, [recordOf(visit('idle', 0))]);
        return appendNow(topic, records);
      });
      await expect(expire({ withProfiles: true })).rejects.toThrow(/nobody is gone/);
    });

    it('stops as it waits for a batch that nobody folds', async () => {
      await append(people());
      await folding.stop();
      const stopping = new AbortController();
      const { log } = stores;
      const appendNow = log.append.bind(log);
      jest.spyOn(log, 'append').mockImplementationOnce(async (topic, records) => {
        const positions = await appendNow(topic, records);
        setImmediate(() => stopping.abort(new Error('told to stop')));
        return positions;
      });
      await expect(expire({ signal: stopping.signal, patienceMs: 600_000 })).rejects.toThrow('told to stop');
      folding = await materialise();
    });

    it('leaves alone what it cannot read, and stops where it is told to', async () => {
      await append(people());
      await folding.stop();
      const partition = partitionOf('broken', PARTITIONS);
      const expected = await store.readMark(partition);
      const next = { topic: TOPICS.activity, partition, offset: expected?.offset ?? -1 };
      await store.commit(partition, { expected, next, states: new Map([['broken', Buffer.from([0xff])]]) });
      folding = await materialise();
      const reason = new Error('stopped');
      await expect(expire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(await listed()).toHaveLength(5);
      expect(await expire()).toMatchObject({ viewerCount: 5, expiredCount: 1, unreadableCount: 1 });
      expect(await listed()).toEqual(['broken', 'deleted', 'registered', 'there']);
    });
  });
}

describeExpire('embedded');

const CALL_TIMEOUT_MS = 10_000;
const url = requireServer('Redis', 'WATCHNEXT_REDIS_URL');
if (url)
  describeExpire('Redis', () =>
    openRedisFeatureStore({ url, callTimeoutMs: CALL_TIMEOUT_MS }, `expire-${randomUUID()}`),
  );
const clusterNodes = requireServer('a Redis Cluster', 'WATCHNEXT_REDIS_CLUSTER')?.split(',');
if (clusterNodes)
  describeExpire('Redis Cluster', () =>
    openRedisFeatureStore({ clusterNodes, callTimeoutMs: CALL_TIMEOUT_MS }, `expire-${randomUUID()}`),
  );
