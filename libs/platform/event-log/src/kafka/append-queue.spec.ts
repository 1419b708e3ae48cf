import fc from 'fast-check';
import { AppendQueue, type AppendQueueLimits, type RoutedRecord, type SendRecords } from './append-queue';

const record = (partition: number, text: string): RoutedRecord => ({ key: text, value: Buffer.from(text), partition });
const textOf = ({ value }: RoutedRecord) => Buffer.from(value).toString();

/** A log in memory whose sends are kept open until told, and fail where told. */
class Sends {
  readonly requests: string[][] = [];
  readonly written: RoutedRecord[][] = [[], [], [], []];
  failing = new Set<number>();
  held: Promise<void> | undefined;

  readonly send: SendRecords = async (records) => {
    this.requests.push(records.map(textOf));
    await this.held;
    const outcomes = new Map<number, number | Error>();
    for (const sent of records) {
      const log = this.written[sent.partition] as RoutedRecord[];
      if (this.failing.has(sent.partition)) {
        outcomes.set(sent.partition, new Error(`no leader for ${sent.partition}`));
        continue;
      }
      if (!outcomes.has(sent.partition)) outcomes.set(sent.partition, log.length);
      log.push(sent);
    }
    return outcomes;
  };

  hold(): () => void {
    let release!: () => void;
    this.held = new Promise((resolve) => (release = resolve));
    return release;
  }
}

const queueOf = (sends: Sends, limits: Partial<AppendQueueLimits> = {}) =>
  new AppendQueue(sends.send, { timeoutMs: 10_000, ...limits });

describe('AppendQueue', () => {
  it('sends what came during a send together in the next', async () => {
    const sends = new Sends();
    const queue = queueOf(sends);
    const release = sends.hold();
    const first = queue.append([record(0, 'a')]);
    await new Promise((resolve) => setTimeout(resolve, 5));
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

  it('rejects only the appends of a partition that failed', async () => {
    const sends = new Sends();
    sends.failing.add(1);
    const queue = queueOf(sends);
    const outcomes = await Promise.allSettled([
      queue.append([record(0, 'a')]),
      queue.append([record(0, 'b'), record(1, 'c')]),
      queue.append([record(1, 'd')]),
      queue.append([record(0, 'e')]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { message: 'no leader for 1' } });
    // The record of the healthy partition was written all the same, and is counted.
    expect(outcomes[3]).toMatchObject({ value: [{ partition: 0, offset: 2 }] });
    expect(sends.requests).toHaveLength(1);
  });

  it('goes on after a send that threw', async () => {
    const sends = new Sends();
    let isFirst = true;
    const queue = new AppendQueue(
      async (records, deadlineMs) => {
        if (!isFirst) return sends.send(records, deadlineMs);
        isFirst = false;
        throw new Error('broken');
      },
      { timeoutMs: 10_000 },
    );
    await expect(queue.append([record(0, 'a')])).rejects.toThrow('broken');
    expect(await queue.append([record(0, 'b')])).toEqual([{ partition: 0, offset: 0 }]);
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
    expect(sends.requests.map((request) => request.map(({ length }) => length))).toEqual([
      [500_000, 500_000],
      [500_000],
      [2_000_000],
      [10],
    ]);
  });

  it('gives up an append in time, and does not send what was still waiting', async () => {
    const sends = new Sends();
    const queue = queueOf(sends, { timeoutMs: 50 });
    const release = sends.hold();
    const outcomes = await Promise.allSettled([
      queue.append([record(0, 'in flight')]),
      sleepThen(20, () => queue.append([record(0, 'waiting')])),
    ]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'log-unavailable', retriable: true } });
    release();
    await queue.idle();
    expect(sends.requests).toEqual([['in flight']]);
  });

  it('does not send what its caller gave up while it waited, and sends what is on its way to its end', async () => {
    const sends = new Sends();
    const queue = queueOf(sends);
    const release = sends.hold();
    const gone = new AbortController();
    const reason = new Error('the caller is gone');
    const first = queue.append([record(0, 'in flight')], gone.signal);
    await new Promise((resolve) => setTimeout(resolve, 5));
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
    const queue = queueOf(sends, { maxWaitingBytes: 1_000 });
    const release = sends.hold();
    const first = queue.append([record(0, 'a')]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = queue.append([record(0, 'b'.repeat(400))]);
    await expect(queue.append([record(0, 'c'.repeat(400))])).rejects.toMatchObject({ code: 'log-unavailable' });
    release();
    await Promise.all([first, second]);
    expect(await queue.append([record(0, 'd')])).toHaveLength(1);
  });
});

async function sleepThen<Result>(ms: number, run: () => Promise<Result>): Promise<Result> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return run();
}
