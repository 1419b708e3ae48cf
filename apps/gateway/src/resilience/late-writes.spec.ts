import { CallerGoneError, DependencyError } from '../pipeline/failure';
import { Dependency } from './dependency';
import { LateWrites } from './late-writes';

const LIMIT_MS = 5_000;
const MOST = 8;

/** Writes that are settled by the spec. */
function started(patienceMs = 60_000) {
  const log = new Dependency('log');
  const writes = new LateWrites(log, { patienceMs, limitMs: LIMIT_MS, most: MOST });
  let last!: { resolve: () => void; reject: (error: unknown) => void; signal: AbortSignal };
  const lost: unknown[] = [];
  const write = (limits: { leftMs?: number; signal?: AbortSignal; isHurried?: boolean } = {}) => {
    const { leftMs = 60_000, signal = new AbortController().signal, isHurried = false } = limits;
    return writes.write(
      (own) => new Promise<void>((resolve, reject) => (last = { resolve, reject, signal: own })),
      { deadlineAtMs: Date.now() + leftMs, signal, isHurried },
      (error) => lost.push(error),
    );
  };
  return { log, write, lost, last: () => last };
}

describe('a write that may be late', () => {
  it('is waited for', async () => {
    const { write, lost, last } = started();
    const written = write();
    setTimeout(() => last().resolve(), 20);
    await expect(written).resolves.toBe('confirmed');
    expect(lost).toEqual([]);
  });

  it('fails whoever waits for it', async () => {
    const { write, lost, last } = started();
    const written = write();
    last().reject(new Error('no'));
    await expect(written).rejects.toThrow('no');
    expect(lost).toEqual([]);
  });

  it('is dropped with who waits for it', async () => {
    const { write, lost, last } = started();
    const caller = new AbortController();
    const written = write({ signal: caller.signal });
    expect(last().signal.aborted).toBe(false);
    caller.abort(new CallerGoneError());
    await expect(written).rejects.toThrow(CallerGoneError);
    expect(last().signal.aborted).toBe(true);
    expect(lost).toEqual([]);
  });

  it.each([
    ['its patience', 1, 60_000],
    ['nearly all of the time left', 60_000, 50],
  ])('goes on by itself after %s', async (_, patienceMs, leftMs) => {
    const { write, lost, last } = started(patienceMs);
    const caller = new AbortController();
    await expect(write({ leftMs, signal: caller.signal })).resolves.toBe('late');
    // What becomes of the request now is nothing to the write.
    caller.abort(new CallerGoneError());
    expect(last().signal.aborted).toBe(false);
    last().resolve();
    await new Promise(setImmediate);
    expect(lost).toEqual([]);
  });

  it('tells what it failed with when it was late', async () => {
    const { write, lost, last } = started(1);
    await write();
    const full = new Error('the disk is full');
    last().reject(full);
    await new Promise(setImmediate);
    expect(lost).toEqual([full]);
  });

  describe('while this process stood still', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
    afterEach(() => jest.useRealTimers());

    it('is confirmed all the same if the confirmation came meanwhile', async () => {
      const { write, lost, last } = started(10);
      const written = write();
      jest.advanceTimersByTime(10);
      await expect(written).resolves.toBe('late');
      // The timer's turn comes first, then what has arrived.
      jest.advanceTimersByTime(LIMIT_MS);
      expect(last().signal.aborted).toBe(false);
      last().resolve();
      await new Promise(setImmediate);
      expect(lost).toEqual([]);
    });
  });

  describe('to what hangs', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    it.each([
      ['have time', false],
      ['are hurried', true],
    ])('is given up at its limit, and the next ones not tried for a while, where callers %s', async (_, isHurried) => {
      const { log, write, lost, last } = started(10);
      const written = Promise.all(Array.from({ length: MOST }, () => write({ isHurried })));
      await jest.advanceTimersByTimeAsync(100);
      expect(await written).toEqual(Array(MOST).fill('late'));
      await jest.advanceTimersByTimeAsync(LIMIT_MS);
      expect(lost).toMatchObject(Array(MOST).fill({ category: 'dependency-late' }));
      expect(last().signal.aborted).toBe(true);
      expect(log.circuitState).toBe('open');
    });

    it('fails at once where too many are late already, and not where there is room again', async () => {
      const { write, lost, last } = started(10);
      const outcomes = async (count: number) => {
        const ended = Promise.allSettled(Array.from({ length: count }, () => write()));
        await jest.advanceTimersByTimeAsync(20);
        return (await ended).map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as unknown)));
      };
      const refused = expect.any(DependencyError);
      expect(await outcomes(MOST)).toEqual(Array(MOST).fill('late'));
      last().resolve();
      await jest.advanceTimersByTimeAsync(0);
      expect(await outcomes(2)).toEqual(['late', refused]);
      expect(last().signal.aborted).toBe(true);
      expect(lost).toEqual([]);
    });
  });
});
