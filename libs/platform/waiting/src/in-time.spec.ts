import { getEventListeners } from 'node:events';
import { inTime } from './in-time';

const LIMIT_MS = 100;

describe('an answer that has so long to come', () => {
  const { signal } = new AbortController();
  const late = jest.fn(() => new Error('late'));
  const limits = { limitMs: LIMIT_MS, late, signal };
  beforeEach(() => {
    late.mockClear();
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  });
  afterEach(() => jest.useRealTimers());

  it.each([
    ['one that is there', () => 'answer'],
    ['one that comes', async () => 'answer'],
  ])('is %s, and leaves no timer and no listener', async (_, ask) => {
    expect(await inTime<string>(ask, limits)).toBe('answer');
    expect(jest.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(late).not.toHaveBeenCalled();
  });

  it('is not waited for any longer, and told so', async () => {
    let asked: AbortSignal | undefined;
    const answer = inTime((own) => new Promise(() => (asked = own)), limits);
    const failed = expect(answer).rejects.toThrow('late');
    await jest.advanceTimersByTimeAsync(LIMIT_MS - 1);
    expect(asked?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await failed;
    expect(asked?.reason).toMatchObject({ message: 'late' });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('counts where it arrived while the process stood still beyond the limit', async () => {
    jest.useRealTimers();
    let answer: (value: string) => void;
    const waited = inTime<string>(() => new Promise((resolve) => (answer = resolve)), { ...limits, limitMs: 1 });
    const standsStill = Date.now() + 20;
    // Its arrival is an immediate, as what comes by a socket is handled after timers.
    setImmediate(() => answer('answer'));
    while (Date.now() < standsStill);
    expect(await waited).toBe('answer');
  });

  it.each([true, false])('ends with whoever waits for it, gone before: %s', async (before) => {
    const gone = new AbortController();
    const reason = new Error('gone');
    if (before) gone.abort(reason);
    let asked: AbortSignal | undefined;
    const answer = inTime((own) => new Promise(() => (asked = own)), { ...limits, signal: gone.signal });
    gone.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(asked?.reason).toBe(reason);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('fails as what was asked does', async () => {
    await expect(inTime(() => Promise.reject(new Error('of the work')), limits)).rejects.toThrow('of the work');
    expect(jest.getTimerCount()).toBe(0);
  });
});
