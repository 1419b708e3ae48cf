import { StoreUnavailableError } from '@watchnext/feature-store';
import { createLogger } from '@watchnext/service';
import { Metrics } from '../metrics';
import { ClockCheck } from './clock-check';

const NOW_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;

describe('a check of the clock', () => {
  const clocksMs = jest.fn<Promise<readonly number[]>, []>();
  const [info, warn, error] = [jest.fn(), jest.fn(), jest.fn()];
  let nowMs: number;
  let metrics: Metrics;
  let check: ClockCheck;
  const shown = () => Number(/^watchnext_ingestion_clock_offset_seconds (\S+)$/m.exec(metrics.render())?.[1]);
  /** The servers' clocks are ahead of this one by so much. */
  const answer = (...aheadMs: number[]) => clocksMs.mockResolvedValueOnce(aheadMs.map((ahead) => NOW_MS + ahead));
  beforeEach(() => {
    jest.resetAllMocks();
    nowMs = NOW_MS;
    metrics = new Metrics();
    const logger = Object.assign(createLogger('spec', { level: 'silent', format: 'json' }), { info, warn, error });
    check = new ClockCheck({ store: { clocksMs }, metrics, logger, clock: () => nowMs });
  });
  afterEach(() => {
    check.stop();
    jest.useRealTimers();
  });

  it('shows by how much it differs, and says nothing within a minute', async () => {
    for (const aheadMs of [0, 59_000, -59_000]) {
      answer(aheadMs);
      await check.ask();
      expect([shown(), check.behindMs()]).toEqual([-aheadMs / 1_000, 0].map((n) => expect.closeTo(n)));
    }
    expect(error).not.toHaveBeenCalled();
  });

  it('says once that it is behind, and by how much, and once that it is right again', async () => {
    for (let i = 0; i < 3; i++) {
      answer(7 * MINUTE_MS);
      await check.ask();
      expect([shown(), check.behindMs()]).toEqual([-420, 7 * MINUTE_MS]);
    }
    expect(error.mock.calls).toEqual([[{ offsetSeconds: -420 }, expect.stringContaining('is behind')]]);
    for (let i = 0; i < 2; i++) {
      answer(1_000);
      await check.ask();
      expect([shown(), check.behindMs()]).toEqual([-1, 0]);
    }
    expect(info).toHaveBeenCalledTimes(1);
  });

  it('says that it is ahead, which refuses nobody', async () => {
    answer(-2 * MINUTE_MS);
    await check.ask();
    check.onTurnedAway();
    expect([shown(), check.behindMs(), check.unfitness()]).toEqual([120, 0, []]);
    expect(error.mock.calls).toEqual([[{ offsetSeconds: 120 }, expect.stringContaining('is ahead')]]);
  });

  it('takes the way of the question and of the answer for equally long', async () => {
    clocksMs.mockImplementationOnce(async () => {
      nowMs += 100_000;
      return [NOW_MS + 50_000];
    });
    await check.ask();
    expect([shown(), check.behindMs()]).toEqual([0, 0]);
  });

  it('believes of several servers the one that differs least', async () => {
    answer(7 * MINUTE_MS, 2 * MINUTE_MS, -3 * MINUTE_MS);
    await check.ask();
    expect(check.behindMs()).toBe(2 * MINUTE_MS);
    answer(7 * MINUTE_MS, 0, 7 * MINUTE_MS);
    await check.ask();
    expect(check.behindMs()).toBe(0);
  });

  it('is unfit once events were turned away, until the clock is right', async () => {
    answer(7 * MINUTE_MS);
    await check.ask();
    expect(check.unfitness()).toEqual([]);
    check.onTurnedAway();
    expect(check.unfitness()).toEqual(['the clock is 420 s behind']);
    answer(0);
    await check.ask();
    expect(check.unfitness()).toEqual([]);
    answer(7 * MINUTE_MS);
    await check.ask();
    expect(check.unfitness()).toEqual([]);
  });

  it('knows nothing where nobody tells, and goes on; a failure is said once', async () => {
    answer();
    await check.ask();
    expect([shown(), check.behindMs(), warn.mock.calls.length]).toEqual([NaN, 0, 0]);
    answer(7 * MINUTE_MS);
    await check.ask();
    clocksMs.mockRejectedValueOnce(new StoreUnavailableError('down')).mockRejectedValueOnce(new Error('NOPERM'));
    for (let i = 0; i < 2; i++) {
      await check.ask();
      expect([shown(), check.behindMs(), warn.mock.calls.length]).toEqual([NaN, 0, 1]);
    }
    answer(7 * MINUTE_MS);
    await check.ask();
    expect(check.behindMs()).toBe(7 * MINUTE_MS);
  });

  it('asks at the start, and every minute until it is stopped', async () => {
    jest.useFakeTimers();
    clocksMs.mockResolvedValue([]);
    check.start();
    expect(clocksMs).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(clocksMs).toHaveBeenCalledTimes(3);
    check.stop();
    await jest.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(clocksMs).toHaveBeenCalledTimes(3);
  });
});
