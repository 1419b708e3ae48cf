import { eventually } from '@watchnext/waiting/testing';
import fc from 'fast-check';
import { EventLogError, LogUnavailableError, type NewRecord } from '../port';
import { AppendQueue, type AppendQueueLimits, type RoutedRecord } from './append-queue';
import type { SendToPartition } from './partition-queue';

const record = (partition: number, text: string): RoutedRecord => ({ key: text, value: Buffer.from(text), partition });
const textOf = ({ value }: NewRecord) => Buffer.from(value).toString();

/** A log in memory whose sends are kept open until told, and fail where told. */
class Sends {
  readonly requests: string[][] = [];
  readonly written: NewRecord[][] = [[], [], [], []];
  /** Cannot be written for now. */
  readonly failing = new Set<number>();
  /** Those of them that say so, and do not just keep silent. */
  readonly refusing = new Set<number>();
  /** The largest batch that is taken. */
  maxBytes = Infinity;
  held: Promise<void> | undefined;

  readonly send: SendToPartition = async (partition, records) => {
    this.requests.push(records.map(textOf));
    await this.held;
    if (this.failing.has(partition)) {
      const error = new LogUnavailableError(`no leader for ${partition}`);
      return { error, permanent: false, refused: this.refusing.has(partition) };
    }
    if (records.reduce((sum, { value }) => sum + value.length, 0) > this.maxBytes) {
      return { error: new EventLogError('too large', 'record-too-large', false), permanent: true };
    }
    const log = this.written[partition] as NewRecord[];
    return { firstOffset: log.push(...records) - records.length };
  };

  hold(): () => void {
    let release!: () => void;
    this.held = new Promise((resolve) => (release = resolve));
    return release;
  }
}

/** Sends begin a turn of the event loop after the first append. */
const begun = (sends: Sends) => eventually(() => sends.requests.length > 0, 'a send');

/** Time-outs are beyond any test's, but where time is what a test is about. */
const queueOf = (sends: Sends, limits: Partial<AppendQueueLimits> = {}) =>
  new AppendQueue(sends.send, { timeoutMs: 600_000, ...limits });

describe('AppendQueue', () => {
  it('sends what came during a send together in the next', async () => {
    const sends = new Sends();
    const queue = queueOf(sends);
    const release = sends.hold();
    const first = queue.append([record(0, 'a')]);
    await begun(sends);
    const others = ['b', 'c', 'd'].map((text) => queue.append([record(0, text)]));
    release();
    expect(await first).toEqual([{ partition: 0, offset: 0 }]);
    expect((await Promise.all(others)).flat().map(({ offset }) => offset)).toEqual([1, 2, 3]);
    expect(sends.requests).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('gives every record the offset at which it lies, whatever is appended when', async () => {
    const appends = fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 }), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(appends, async (calls) => {
        const sends = new Sends();
        const queue = queueOf(sends);
        await Promise.all(
          calls.map(async (partitions, call) => {
            const records = partitions.map((partition, i) => record(partition, `${call}:${i}`));
            const positions = await queue.append(records);
            positions.forEach(({ partition, offset }, i) =>
              expect(sends.written[partition]?.[offset]).toBe(records[i]),
            );
          }),
        );
      }),
      { seed: 3 },
    );
  });

  it('goes on after a send that threw', async () => {
    const sends = new Sends();
    let isFirst = true;
    const queue = new AppendQueue(
      async (...send) => {
        if (!isFirst) return sends.send(...send);
        isFirst = false;
        throw new Error('broken');
      },
      { timeoutMs: 600_000 },
    );
    await expect(queue.append([record(0, 'a')])).rejects.toThrow('broken');
    expect(await queue.append([record(0, 'b')])).toEqual([{ partition: 0, offset: 0 }]);
  });

  it('refuses what is too large for the broker, and nothing that travelled with it', async () => {
    const sends = new Sends();
    sends.maxBytes = 10;
    const queue = queueOf(sends);
    const outcomes = await Promise.allSettled(
      ['small', 'much too large', 'tiny'].map((text) => queue.append([record(0, text)])),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'record-too-large', retriable: false } });
    expect(sends.written[0]?.map(textOf)).toEqual(['small', 'tiny']);
  });

  it('cuts sends by the bytes of a partition, and lets one too large travel alone', async () => {
    const sends = new Sends();
    const queue = queueOf(sends);
    const large = (partition: number, bytes: number) => ({ key: 'k', value: new Uint8Array(bytes), partition });
    await Promise.all([
      queue.append([large(0, 500_000)]),
      queue.append([large(1, 500_000)]),
      queue.append([large(0, 500_000)]),
      queue.append([large(2, 2_000_000)]),
      queue.append([large(0, 10)]),
    ]);
    const lengths = sends.requests.map((request) => request.map(({ length }) => length));
    expect(lengths).toEqual([[500_000], [500_000], [2_000_000], [500_000, 10]]);
  });

  it('does not send what its caller gave up while it waited, and sends what is on its way to its end', async () => {
    const sends = new Sends();
    const queue = queueOf(sends);
    const release = sends.hold();
    const gone = new AbortController();
    const reason = new Error('the caller is gone');
    const first = queue.append([record(0, 'in flight')], gone.signal);
    await begun(sends);
    const dropped = queue.append([record(0, 'waiting')], gone.signal);
    const other = queue.append([record(0, 'other')]);
    gone.abort(reason);
    await expect(dropped).rejects.toBe(reason);
    await expect(queue.append([record(0, 'too late')], gone.signal)).rejects.toBe(reason);
    release();
    expect(await first).toEqual([{ partition: 0, offset: 0 }]);
    expect(await other).toEqual([{ partition: 0, offset: 1 }]);
    await queue.idle();
    expect(sends.requests).toEqual([['in flight'], ['other']]);
  });

  it('holds no more than its bound in waiting', async () => {
    const sends = new Sends();
    const queue = queueOf(sends, { maxWaitingBytes: 2_000 });
    const release = sends.hold();
    const first = queue.append([record(0, 'a')]);
    await begun(sends);
    const second = queue.append([record(0, 'b'.repeat(400))]);
    await expect(queue.append([record(0, 'c'.repeat(400))])).rejects.toMatchObject({ code: 'log-unavailable' });
    release();
    await Promise.all([first, second]);
    expect(await queue.append([record(0, 'd')])).toHaveLength(1);
  });
});

describe('AppendQueue, as time passes', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  /** Of what needs no time, but turns of the event loop. */
  const inNoTime = async <Result>(result: Promise<Result>): Promise<Result> => {
    await pass(0);
    return result;
  };

  it('writes the other partitions, once, while one cannot be written', async () => {
    const sends = new Sends();
    sends.failing.add(1);
    const queue = queueOf(sends, { timeoutMs: 2_000 });
    let isGivenUp = false;
    const failing = [queue.append([record(0, 'b'), record(1, 'c')]), queue.append([record(1, 'd')])];
    const settled = Promise.allSettled(failing).finally(() => (isGivenUp = true));
    for (let i = 0; i < 5; i++) expect(await inNoTime(queue.append([record(0, `a${i}`)]))).toHaveLength(1);
    await pass(1_999);
    expect(isGivenUp).toBe(false);
    await pass(1);
    expect(isGivenUp).toBe(true);
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'log-unavailable', retriable: true } });
      expect(outcome).toMatchObject({ reason: { message: expect.stringContaining('no leader for 1') as string } });
    }
    // The record of the healthy partition was written all the same, and is counted.
    expect(sends.written[0]?.map(textOf)).toEqual(['b', 'a0', 'a1', 'a2', 'a3', 'a4']);
    expect(sends.written[1]).toEqual([]);
  });

  it('writes what a partition could not take as soon as it can, in order, without what was given up meanwhile', async () => {
    const sends = new Sends();
    sends.failing.add(1);
    // Sent after 0, 100 and 300 ms, and a turn of the event loop, for which these timers count a millisecond.
    const queue = queueOf(sends, { timeoutMs: 250 });
    const first = expect(queue.append([record(1, 'first')])).rejects.toMatchObject({ code: 'log-unavailable' });
    await pass(200);
    const second = queue.append([record(1, 'second')]);
    await pass(10);
    const third = queue.append([record(1, 'third')]);
    await pass(40);
    await first;
    sends.failing.clear();
    await pass(49);
    expect(sends.written[1]).toEqual([]);
    await pass(10);
    expect(await second).toEqual([{ partition: 1, offset: 0 }]);
    expect(await third).toEqual([{ partition: 1, offset: 1 }]);
    expect(sends.written[1]?.map(textOf)).toEqual(['second', 'third']);
  });

  it.each([
    ['not again what was refused and given up, before or after', true, ['a']],
    ['again what may have been written already', false, ['a', 'a']],
  ])('sends %s', async (_what, isRefused, requests) => {
    for (const givenUpAfterMs of [0, 50]) {
      const sends = new Sends();
      sends.failing.add(1);
      if (isRefused) sends.refusing.add(1);
      const queue = queueOf(sends, { timeoutMs: 250 });
      const release = sends.hold();
      const gone = new AbortController();
      const reason = new Error('the caller is gone');
      const outcome = Promise.allSettled([queue.append([record(1, 'a')], gone.signal)]);
      await pass(20);
      if (givenUpAfterMs === 0) gone.abort(reason);
      release();
      await pass(50);
      if (givenUpAfterMs > 0) gone.abort(reason);
      sends.failing.clear();
      await pass(200);
      expect(sends.requests.flat()).toEqual(requests);
      expect((await outcome)[0]).toMatchObject(isRefused ? { status: 'rejected', reason } : { status: 'fulfilled' });
    }
  });

  it('sends again what was refused after a send that may have been written', async () => {
    const sends = new Sends();
    sends.failing.add(1);
    const queue = queueOf(sends);
    const gone = new AbortController();
    const appended = queue.append([record(1, 'a')], gone.signal);
    await pass(20);
    sends.refusing.add(1);
    await pass(150);
    gone.abort();
    sends.failing.clear();
    await pass(1_000);
    expect(await appended).toEqual([{ partition: 1, offset: 0 }]);
    expect(sends.requests.flat()).toEqual(['a', 'a', 'a']);
  });

  it('gives up an append in time, and does not send what was still waiting', async () => {
    const sends = new Sends();
    const queue = queueOf(sends, { timeoutMs: 50 });
    const release = sends.hold();
    const outcomes: PromiseSettledResult<unknown>[] = [];
    const append = (text: string) =>
      void Promise.allSettled([queue.append([record(0, text)])]).then(([outcome]) => outcomes.push(outcome!));
    append('in flight');
    await pass(20);
    append('waiting');
    await pass(29);
    expect(outcomes).toHaveLength(0);
    await pass(1);
    expect(outcomes).toHaveLength(1);
    await pass(20);
    expect(outcomes).toHaveLength(2);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'log-unavailable', retriable: true } });
    release();
    await inNoTime(queue.idle());
    expect(sends.requests).toEqual([['in flight']]);
  });

  it('lets one partition hold no more than half of its bound', async () => {
    const sends = new Sends();
    sends.failing.add(1);
    const queue = queueOf(sends, { maxWaitingBytes: 2_000, timeoutMs: 100 });
    const waiting = expect(queue.append([record(1, 'a'.repeat(400))])).rejects.toThrow('no leader');
    await expect(queue.append([record(1, 'b'.repeat(400))])).rejects.toThrow('wait to be written');
    expect(await inNoTime(queue.append([record(0, 'c'.repeat(400))]))).toHaveLength(1);
    await pass(100);
    await waiting;
  });
});
