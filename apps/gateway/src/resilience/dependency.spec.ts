import { CallerGoneError, DependencyError } from '../pipeline/failure';
import { Circuit, CIRCUIT_OPTIONS } from './circuit';
import { Dependency } from './dependency';
import type { RecentLatency } from './recent-latency';
import { RetryBudget } from './retry-budget';

const limits = (more: { isHurried?: boolean; signal?: AbortSignal } = {}) => ({
  deadlineAtMs: Date.now() + 60_000,
  signal: new AbortController().signal,
  isHurried: false,
  ...more,
});
const failing = (category: DependencyError['category']) => () =>
  Promise.reject(new DependencyError('store', category, 'no'));
const times = async (count: number, call: () => Promise<unknown>) => {
  for (let i = 0; i < count; i++) await call().catch(() => undefined);
};

describe('a dependency', () => {
  const make = () => new Dependency('store', { circuit: new Circuit(CIRCUIT_OPTIONS, () => 0), clock: () => 0 });

  it.each(['dependency-unreachable', 'dependency-failed', 'dependency-late'] as const)(
    'is not asked for a while after failures that are %s',
    async (category) => {
      const store = make();
      await times(8, () => store.once(failing(category), limits()));
      const asked = jest.fn();
      await expect(store.once(asked, limits())).rejects.toMatchObject({ category: 'circuit-open' });
      expect(asked).not.toHaveBeenCalled();
    },
  );

  it.each(['dependency-not-ready', 'dependency-refused'] as const)(
    'is in order where it answers %s',
    async (category) => {
      const store = make();
      await times(50, () => store.once(failing(category), limits()));
      expect(store.circuitState).toBe('closed');
    },
  );

  it('is not blamed for callers in a hurry, nor for callers that leave', async () => {
    const store = make();
    await times(50, () => store.once(failing('dependency-late'), limits({ isHurried: true })));
    await times(50, () => {
      const caller = new AbortController();
      const call = store.once(() => new Promise(() => {}), limits({ signal: caller.signal }));
      caller.abort(new CallerGoneError());
      return call;
    });
    expect(store.circuitState).toBe('closed');
  });

  it.each([
    ['not blamed for callers in a hurry, whatever they gave', 10_000, undefined, 'closed'],
    ['not blamed for those that gave it too little to tell', 249, 250, 'closed'],
    ['blamed for the others where nothing is answered for a while', 250, 250, 'open'],
  ])('is %s: %d ms', async (_, givenMs, tellingMs, expected) => {
    let nowMs = 0;
    const store = new Dependency('store', {
      circuit: new Circuit(CIRCUIT_OPTIONS, () => nowMs),
      clock: () => nowMs,
      ...(tellingMs !== undefined && { tellingMs }),
    });
    for (let i = 0; i < 20; i++) {
      const hurried = { ...limits({ isHurried: true }), deadlineAtMs: nowMs + givenMs };
      const late = async () => {
        nowMs += givenMs;
        return failing('dependency-late')();
      };
      await store.once(late, hurried).catch(() => undefined);
    }
    expect(store.circuitState).toBe(expected);
  });

  it.each([
    ['blamed for what is late', 20, 'open'],
    ['not blamed for what is late because this process was held up', 21, 'closed'],
  ])('is %s: given up %d ms after the deadline', async (_, overdueMs, expected) => {
    const deadlineAtMs = 1_000_000;
    const circuit = new Circuit(CIRCUIT_OPTIONS, () => 0);
    const store = new Dependency('store', { circuit, clock: () => deadlineAtMs + overdueMs });
    await times(50, () => store.once(failing('dependency-late'), { ...limits(), deadlineAtMs }));
    expect(store.circuitState).toBe(expected);
  });

  it('is given up when its time is over, though its call cannot be cancelled', async () => {
    const time = new AbortController();
    const call = make().once(() => new Promise(() => {}), limits({ signal: time.signal }));
    const late = new DependencyError('stage', 'dependency-late', 'no result');
    time.abort(late);
    await expect(call).rejects.toBe(late);
  });

  it('is tried twice where it is unreachable and the budget allows it', async () => {
    const reports: string[] = [];
    const store = new Dependency('store', {
      budget: new RetryBudget(0, 1),
      reports: { secondTry: (name, why, granted) => reports.push(`${name} ${why} ${granted}`) },
    });
    let calls = 0;
    const flaky = async () => {
      if (calls++ === 0) throw new DependencyError('store', 'dependency-unreachable', 'no');
      return 'answer';
    };
    await expect(store.repeatable(flaky, limits())).resolves.toBe('answer');
    calls = 0;
    await expect(store.repeatable(flaky, limits())).rejects.toThrow('no');
    expect(reports).toEqual(['store failed true', 'store failed false']);
  });
});

describe('second tries of late calls', () => {
  it('end where the one replica answers in the order it is asked, and do not keep a failure from being tried again', async () => {
    const reports: string[] = [];
    const store = new Dependency('store', {
      budget: new RetryBudget(1, 100),
      latency: { add: () => undefined, valueMs: 1 } as unknown as RecentLatency,
      reports: { secondTry: (_name, why) => reports.push(why) },
    });
    let calls = 0;
    const inOrder = (wait: number) => async () => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, wait));
    };
    // Later than a second try, which then stands behind it.
    const late = 12;
    for (let i = 0; i < 64; i++) await store.repeatable(inOrder(late), limits());
    calls = 0;
    for (let i = 0; i < 16; i++) await store.repeatable(inOrder(late), limits());
    expect(calls).toBeLessThanOrEqual(16 + 2);
    reports.length = 0;
    let tries = 0;
    const flaky = async () => {
      await inOrder(late)();
      if (tries++ % 2 === 0) throw new DependencyError('store', 'dependency-unreachable', 'no');
    };
    await expect(store.repeatable(flaky, limits())).resolves.toBeUndefined();
    expect(reports).toEqual(['failed']);
  });
});
