/** What becomes of logins where the log or the feature store does not answer. */
import { TOPICS } from '@watchnext/contract';
import { type EventLog, LogUnavailableError, partitionOf } from '@watchnext/event-log';
import { type FeatureStore, StoreUnavailableError } from '@watchnext/feature-store';
import { encodeState, newState } from '@watchnext/features';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStores, PARTITIONS, quiet, type Stores } from '../../test/harness';
import { AnonymousHistory, type IncompleteHistory, Patience } from './anonymous-history';

const never = () => new Promise<never>(() => undefined);

describe('the history of an anonymous viewer', () => {
  let stores: Stores;
  let incomplete: IncompleteHistory[];
  beforeEach(async () => {
    stores = await openStores();
    incomplete = [];
    const partition = partitionOf('visitor', PARTITIONS);
    await stores.store.commit(partition, {
      expected: undefined,
      next: { topic: TOPICS.activity, partition, offset: 0 },
      states: new Map([['visitor', encodeState({ ...newState('visitor'), watchCount: 3 })]]),
    });
  });
  afterEach(() => stores.dispose());

  const historyOn = (log: Partial<EventLog>, store: Partial<FeatureStore> = {}) =>
    new AnonymousHistory(
      Object.assign(Object.create(stores.log) as EventLog, log),
      Object.assign(Object.create(stores.store) as FeatureStore, store),
      PARTITIONS,
      quiet,
      (history) => incomplete.push(history),
    );
  const caller = () => new AbortController();
  const timed = async <T>(work: () => Promise<T>) => {
    const beganAtMs = performance.now();
    const [outcome] = await Promise.allSettled([work()]);
    return { outcome, tookMs: performance.now() - beganAtMs };
  };

  it('is what is folded, where the log does not say in time how far that should be', async () => {
    const { outcome, tookMs } = await timed(() =>
      historyOn({ bounds: never }).of('visitor', new Patience(false, caller().signal)),
    );
    expect(outcome).toMatchObject({ status: 'fulfilled', value: { watchCount: 3 } });
    expect(tookMs).toBeLessThan(2_000);
    expect(incomplete).toEqual(['part']);
  });

  it('is none, and counted, where the store does not give it in time, for all logins of a request together', async () => {
    const history = historyOn({}, { read: never, readMark: never });
    const patience = new Patience(false, caller().signal);
    const { outcome, tookMs } = await timed(async () => [
      await history.of('visitor', patience),
      await history.of('visitor', patience),
      await history.of('other', patience),
    ]);
    expect(outcome).toEqual({ status: 'fulfilled', value: [undefined, undefined, undefined] });
    expect(tookMs).toBeLessThan(2_500);
    expect(incomplete).toEqual(['none', 'none', 'none']);
  });

  it.each([
    ['live', 4_500],
    ['backfilled', 8_500],
  ])(
    'bounds a request of many %s logins together where each answer is slow',
    async (kind, limitMs) => {
      const slowly = async <T>(work: () => Promise<T>) => {
        await sleep(400);
        return work();
      };
      const history = historyOn(
        { bounds: (topic) => slowly(() => stores.log.bounds(topic)) },
        {
          readMark: (partition) => slowly(() => stores.store.readMark(partition)),
          read: (partition, userId) => slowly(() => stores.store.read(partition, userId)),
        },
      );
      const patience = new Patience(kind === 'backfilled', caller().signal);
      const found: unknown[] = [];
      const { outcome, tookMs } = await timed(async () => {
        for (let n = 0; n < 30; n++) found.push(await history.of('visitor', patience));
      });
      expect(tookMs).toBeLessThan(limitMs);
      expect(found[0]).toMatchObject({ watchCount: 3 });
      if (kind === 'live') expect([found.length, found.at(-1), incomplete.at(-1)]).toEqual([30, undefined, 'none']);
      else expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'history-not-folded' } });
    },
    40_000,
  );

  it('is asked for again, within the second, where log or store fail and are back soon', async () => {
    let failuresLeft = 3;
    const failing = <T>(work: () => Promise<T>, error: Error) => (failuresLeft-- > 0 ? Promise.reject(error) : work());
    const history = historyOn(
      { bounds: (topic) => failing(() => stores.log.bounds(topic), new LogUnavailableError('no leader')) },
      {
        readMark: (partition) => failing(() => stores.store.readMark(partition), new StoreUnavailableError('failover')),
      },
    );
    expect(await history.of('visitor', new Patience(false, caller().signal))).toMatchObject({ watchCount: 3 });
    expect([failuresLeft < 0, incomplete]).toEqual([true, []]);
  });

  it('is not gone on without where a failure is none that may pass', async () => {
    const refused = Object.assign(new Error('a bug'), { retriable: true });
    const history = historyOn({ bounds: () => Promise.reject(refused) });
    await expect(history.of('visitor', new Patience(false, caller().signal))).rejects.toBe(refused);
  });

  it('is not waited for once its caller has gone', async () => {
    for (const history of [
      historyOn({ bounds: never }),
      historyOn({}, { readMark: never }),
      historyOn({}, { read: never }),
    ]) {
      const leaving = caller();
      setTimeout(() => leaving.abort(new Error('gone')), 50);
      const { outcome, tookMs } = await timed(() => history.of('visitor', new Patience(true, leaving.signal)));
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
      expect(tookMs).toBeLessThan(500);
    }
    expect(incomplete).toEqual([]);
  });

  it('of a backfill is refused after its five seconds', async () => {
    const { outcome, tookMs } = await timed(() =>
      historyOn({ bounds: never }).of('visitor', new Patience(true, caller().signal)),
    );
    expect(outcome).toMatchObject({ status: 'rejected', reason: { status: 503, code: 'history-not-folded' } });
    expect(tookMs).toBeGreaterThan(4_000);
    expect(tookMs).toBeLessThan(6_500);
    expect(incomplete).toEqual([]);
  }, 10_000);
});
