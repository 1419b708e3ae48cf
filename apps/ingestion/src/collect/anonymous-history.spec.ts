/** What becomes of logins where the log or the feature store does not answer. */
import { type Mark, TOPICS } from '@watchnext/contract';
import { type EventLog, LogUnavailableError, partitionOf } from '@watchnext/event-log';
import { type FeatureStore, StoreUnavailableError } from '@watchnext/feature-store';
import { encodeState, newState } from '@watchnext/features';
import { PARTITIONS, quiet } from '../../test/harness';
import { AnonymousHistory, type IncompleteHistory, Patience } from './anonymous-history';

const never = () => new Promise<never>(() => undefined);
/** Each viewer alone in its partition. */
const VIEWERS = ['visitor', 'other'].map((userId) => ({ userId, partition: partitionOf(userId, PARTITIONS) }));

type Log = Pick<EventLog, 'bounds'>;
type Store = Pick<FeatureStore, 'read' | 'readMark'>;

/** One event of each viewer, folded. */
const LOG: Log = {
  bounds: async () =>
    Array.from({ length: PARTITIONS }, (_, partition) => {
      const endOffset = VIEWERS.some((viewer) => viewer.partition === partition) ? 1 : 0;
      return { partition, firstOffset: 0, endOffset };
    }),
};
const markOf = (partition: number): Mark | undefined =>
  VIEWERS.some((viewer) => viewer.partition === partition)
    ? { topic: TOPICS.activity, partition, offset: 0 }
    : undefined;
const STORE: Store = {
  readMark: async (partition) => markOf(partition),
  read: async (partition, userId) => ({
    mark: markOf(partition),
    state: VIEWERS.some((viewer) => viewer.userId === userId)
      ? encodeState({ ...newState(userId), watchCount: 3 })
      : undefined,
  }),
};

describe('the history of an anonymous viewer', () => {
  let incomplete: IncompleteHistory[];
  beforeEach(() => {
    // A limit is looked at by an immediate of its own, which takes no time.
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    incomplete = [];
  });
  afterEach(() => jest.useRealTimers());

  const historyOn = (log: Partial<Log>, store: Partial<Store> = {}) =>
    new AnonymousHistory({ ...LOG, ...log }, { ...STORE, ...store }, PARTITIONS, quiet, (history) =>
      incomplete.push(history),
    );
  const caller = () => new AbortController();
  /** Time passes as far as the work waits. */
  const timed = async <T>(work: () => Promise<T>) => {
    const beganAtMs = Date.now();
    let ended: { outcome: PromiseSettledResult<T>; tookMs: number } | undefined;
    void Promise.allSettled([work()]).then(([outcome]) => (ended = { outcome, tookMs: Date.now() - beganAtMs }));
    for (let steps = 0; ended === undefined && steps < 1_000; steps++) await jest.advanceTimersToNextTimerAsync();
    if (ended === undefined) throw new Error('it waits for what does not come');
    return ended;
  };

  it('is what is folded, where the log does not say in time how far that should be', async () => {
    const { outcome, tookMs } = await timed(() =>
      historyOn({ bounds: never }).of('visitor', new Patience(false, caller().signal)),
    );
    expect(outcome).toMatchObject({ status: 'fulfilled', value: { watchCount: 3 } });
    expect(tookMs).toBe(1_000);
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
    expect(tookMs).toBe(1_500);
    expect(incomplete).toEqual(['none', 'none', 'none']);
  });

  it('is none of the partition that fails alone, where the other logins of a request are of others', async () => {
    const { partition: failing } = VIEWERS[0];
    const unless = <T>(partition: number, work: () => Promise<T>) =>
      partition === failing ? Promise.reject(new StoreUnavailableError('failover')) : work();
    const history = historyOn(
      {},
      {
        readMark: (partition) => unless(partition, () => STORE.readMark(partition)),
        read: (partition, userId) => unless(partition, () => STORE.read(partition, userId)),
      },
    );
    const patience = new Patience(false, caller().signal);
    const { outcome } = await timed(async () => [
      await history.of('visitor', patience),
      await history.of('other', patience),
    ]);
    expect(outcome).toMatchObject({ status: 'fulfilled', value: [undefined, { watchCount: 3 }] });
    expect(incomplete).toEqual(['none', 'part']);
  });

  it.each([
    ['live', 4_000],
    ['backfilled', 8_000],
  ])('bounds a request of many %s logins together where each answer is slow', async (kind, limitMs) => {
    const slowly = async <T>(work: () => Promise<T>) => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return work();
    };
    const history = historyOn(
      { bounds: (topic) => slowly(() => LOG.bounds(topic)) },
      {
        readMark: (partition) => slowly(() => STORE.readMark(partition)),
        read: (partition, userId) => slowly(() => STORE.read(partition, userId)),
      },
    );
    const patience = new Patience(kind === 'backfilled', caller().signal);
    const found: unknown[] = [];
    const { outcome, tookMs } = await timed(async () => {
      for (let n = 0; n < 30; n++) found.push(await history.of('visitor', patience));
    });
    expect(tookMs).toBeLessThanOrEqual(limitMs);
    expect(found[0]).toMatchObject({ watchCount: 3 });
    if (kind === 'live') expect([found.length, found.at(-1), incomplete.at(-1)]).toEqual([30, undefined, 'none']);
    else expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'history-not-folded' } });
  });

  it('is asked for again, within the second, where log or store fail and are back soon', async () => {
    let failuresLeft = 3;
    const failing = <T>(work: () => Promise<T>, error: Error) => (failuresLeft-- > 0 ? Promise.reject(error) : work());
    const history = historyOn(
      { bounds: (topic) => failing(() => LOG.bounds(topic), new LogUnavailableError('no leader')) },
      {
        readMark: (partition) => failing(() => STORE.readMark(partition), new StoreUnavailableError('failover')),
      },
    );
    const { outcome } = await timed(() => history.of('visitor', new Patience(false, caller().signal)));
    expect(outcome).toMatchObject({ status: 'fulfilled', value: { watchCount: 3 } });
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
      historyOn({}, { readMark: async () => undefined }),
    ]) {
      const leaving = caller();
      setTimeout(() => leaving.abort(new Error('gone')), 50);
      const { outcome, tookMs } = await timed(() => history.of('visitor', new Patience(true, leaving.signal)));
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
      expect(tookMs).toBe(50);
    }
    expect(incomplete).toEqual([]);
  });

  it('of a backfill is refused after its five seconds', async () => {
    const { outcome, tookMs } = await timed(() =>
      historyOn({ bounds: never }).of('visitor', new Patience(true, caller().signal)),
    );
    expect(outcome).toMatchObject({ status: 'rejected', reason: { status: 503, code: 'history-not-folded' } });
    expect(tookMs).toBe(5_000);
    expect(incomplete).toEqual([]);
  });
});
