import { type EventLog, EventLogError } from '@watchnext/event-log';
import type { Draft } from '../pipeline/draft';
import { CallerGoneError, type StageFailure } from '../pipeline/failure';
import { Dependency } from '../resilience/dependency';
import { logImpressionsStage, type LostList, MOST_LATE_RECORDS } from './log-impressions';

const draft = {
  request: { userId: 'ada', requestId: 'r', callId: 'c', requestedAtMs: 0 },
  page: [{ videoId: 'v', video: {}, sources: [{ source: 'popular', score: 1 }], position: 0, propensity: 1 }],
  exploredPlaces: [],
  assignments: [],
  failures: [],
  ranked: [],
  serving: {},
  snapshotId: '',
} as unknown as Draft;

const limitsUntil = (deadlineAtMs: number, signal = new AbortController().signal, isHurried = false) => ({
  deadlineAtMs,
  signal,
  isHurried,
});

/** A log whose append is settled by the spec, and what the stage tells of it. */
function started(patienceMs = 60_000) {
  let settle!: { resolve: () => void; reject: (error: unknown) => void };
  let signal: AbortSignal | undefined;
  const append = (_topic: string, _records: unknown, given: AbortSignal) => {
    signal = given;
    return new Promise<[]>((resolve, reject) => (settle = { resolve: () => resolve([]), reject }));
  };
  const told = { late: 0, lost: [] as (LostList & StageFailure)[] };
  const log = new Dependency('event log');
  const stage = logImpressionsStage({ append } as unknown as EventLog, log, {
    patienceMs,
    nowMs: () => 0,
    onLate: () => told.late++,
    onLost: (lost, failure) => told.lost.push({ ...lost, ...failure }),
  });
  return { stage, told, log, settle: () => settle, signal: () => signal! };
}

describe('a log of impressions', () => {
  const quick = (append: EventLog['append']) => {
    const options = { patienceMs: 60_000, nowMs: () => 0, onLate: () => undefined, onLost: () => undefined };
    return logImpressionsStage({ append } as unknown as EventLog, new Dependency('event log'), options);
  };
  const limits = () => limitsUntil(Date.now() + 60_000);

  it.each([
    ['unreachable, after which it is not asked for a while, where it is down', true, 'circuit-open'],
    ['in order where it refuses a record for good', false, 'dependency-refused'],
  ])('is taken for %s', async (_, retriable, category) => {
    const stage = quick(() => Promise.reject(new EventLogError('no', 'some-code', retriable)));
    for (let i = 0; i < 20; i++) await Promise.resolve(stage.run(draft, limits())).catch(() => undefined);
    await expect(stage.run(draft, limits())).rejects.toMatchObject({ category });
  });

  it('is told when nobody waits for the list any longer, so that it writes nothing of it', async () => {
    const { stage, signal } = started();
    const caller = new AbortController();
    const running = Promise.resolve(stage.run(draft, limitsUntil(Date.now() + 60_000, caller.signal)));
    expect(signal().aborted).toBe(false);
    caller.abort(new CallerGoneError());
    await expect(running).rejects.toThrow(CallerGoneError);
    expect(signal().aborted).toBe(true);
  });
});

describe('a list whose record takes its time', () => {
  it('waits for it, and is late to nobody', async () => {
    const { stage, told, settle } = started();
    const running = Promise.resolve(stage.run(draft, limitsUntil(Date.now() + 60_000)));
    setTimeout(() => settle().resolve(), 20);
    await expect(running).resolves.toEqual({ patch: {} });
    expect(told).toEqual({ late: 0, lost: [] });
  });

  it.each([
    ['its patience', 1, 60_000],
    ['nearly all of its time', 60_000, 50],
  ])('is answered after %s, and its record is still written', async (_, patienceMs, leftMs) => {
    const { stage, told, settle, signal } = started(patienceMs);
    const caller = new AbortController();
    await stage.run(draft, limitsUntil(Date.now() + leftMs, caller.signal));
    expect(told).toEqual({ late: 1, lost: [] });
    // What becomes of the request now is nothing to the record.
    caller.abort(new CallerGoneError());
    expect(signal().aborted).toBe(false);
    settle().resolve();
    await new Promise(setImmediate);
    expect(told.lost).toEqual([]);
  });

  it('tells of a record that failed after the answer', async () => {
    const { stage, told, settle } = started(1);
    await stage.run(draft, limitsUntil(Date.now() + 60_000));
    settle().reject(new EventLogError('the disk is full', 'some-code', true));
    await new Promise(setImmediate);
    expect(told.lost).toMatchObject([
      { stage: 'log-impressions', category: 'dependency-unreachable', requestId: 'r', callId: 'c', impressionCount: 1 },
    ]);
  });

  describe('while this process stood still', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
    afterEach(() => jest.useRealTimers());

    it('has it all the same if the log has confirmed it meanwhile', async () => {
      const { stage, told, settle, signal } = started(10);
      const running = stage.run(draft, limitsUntil(Date.now() + 400));
      jest.advanceTimersByTime(10);
      await running;
      // The timer's turn comes first, then what has arrived.
      jest.advanceTimersByTime(5_000);
      expect(signal().aborted).toBe(false);
      settle().resolve();
      await new Promise(setImmediate);
      expect(told).toEqual({ late: 1, lost: [] });
    });
  });

  describe('for ever', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    it.each([
      ['whose callers have time', false],
      ['whose callers are hurried', true],
    ])('is given up with its record, and the log not asked for a while, %s', async (_, isHurried) => {
      const { stage, told, log, signal } = started(10);
      const limits = () => limitsUntil(Date.now() + 400, undefined, isHurried);
      const running = Array.from({ length: 8 }, () => stage.run(draft, limits()));
      await jest.advanceTimersByTimeAsync(100);
      await Promise.all(running);
      expect(told).toEqual({ late: 8, lost: [] });
      await jest.advanceTimersByTimeAsync(5_000);
      expect(told.lost.map(({ category }) => category)).toEqual(Array<string>(8).fill('dependency-late'));
      expect(signal().aborted).toBe(true);
      expect(log.circuitState).toBe('open');
    });

    it('is unlogged at once where too many wait already, and not where there is room again', async () => {
      const { stage, told, settle, signal } = started(10);
      const start = async (count: number) => {
        const running = Array.from({ length: count }, () => stage.run(draft, limitsUntil(Date.now() + 400)));
        const ended = Promise.allSettled(running);
        await jest.advanceTimersByTimeAsync(20);
        return (await ended).filter(({ status }) => status === 'rejected').length;
      };
      expect(await start(MOST_LATE_RECORDS)).toBe(0);
      settle().resolve();
      await jest.advanceTimersByTimeAsync(0);
      expect(await start(2)).toBe(1);
      expect(signal().aborted).toBe(true);
      expect(told).toEqual({ late: MOST_LATE_RECORDS + 1, lost: [] });
    });
  });
});
