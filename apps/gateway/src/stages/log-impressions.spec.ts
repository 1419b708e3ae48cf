import { type EventLog, EventLogError } from '@watchnext/event-log';
import type { Draft } from '../pipeline/draft';
import { CallerGoneError, type StageFailure } from '../pipeline/failure';
import { Dependency } from '../resilience/dependency';
import { logImpressionsStage, type LostList } from './log-impressions';

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

const limitsUntil = (deadlineAtMs: number, signal = new AbortController().signal) => ({
  deadlineAtMs,
  signal,
  isHurried: false,
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
  const stage = logImpressionsStage({ append } as unknown as EventLog, new Dependency('event log'), {
    patienceMs,
    nowMs: () => 0,
    onLate: () => told.late++,
    onLost: (lost, failure) => told.lost.push({ ...lost, ...failure }),
  });
  return { stage, told, settle: () => settle, signal: () => signal! };
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
  it('is answered, and what became of its record is told', async () => {
    const { stage, told, settle } = started(1);
    await expect(stage.run(draft, limitsUntil(Date.now() + 60_000))).resolves.toEqual({ patch: {} });
    expect(told).toEqual({ late: 1, lost: [] });
    settle().reject(new EventLogError('the disk is full', 'some-code', true));
    await new Promise(setImmediate);
    expect(told.lost).toMatchObject([
      { stage: 'log-impressions', category: 'dependency-unreachable', requestId: 'r', callId: 'c', impressionCount: 1 },
    ]);
  });

  it('is late to nobody where the record comes in time', async () => {
    const { stage, told, settle } = started();
    const running = Promise.resolve(stage.run(draft, limitsUntil(Date.now() + 60_000)));
    setTimeout(() => settle().resolve(), 20);
    await expect(running).resolves.toEqual({ patch: {} });
    expect(told).toEqual({ late: 0, lost: [] });
  });
});
