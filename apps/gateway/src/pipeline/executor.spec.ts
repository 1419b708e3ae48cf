import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { CallerGoneError, DependencyError } from './failure';
import { runStages, type Stage, type StageReport } from './executor';

interface Draft {
  readonly trail: readonly string[];
}

const start: Draft = { trail: [] };
const until = (deadlineAtMs: number, signal = new AbortController().signal) => ({
  deadlineAtMs,
  signal,
  isHurried: false,
});
const soon = () => until(Date.now() + 10_000);
const appends = (name: string, more: Partial<Stage<Draft>> = {}): Stage<Draft> => ({
  name,
  timeShare: 1,
  run: (draft) => ({ patch: { trail: [...draft.trail, name] } }),
  ...more,
});

describe('runStages', () => {
  it('runs the stages that apply, in order, and reports each', async () => {
    const reports: StageReport[] = [];
    const stages = [appends('a'), appends('skipped', { applies: () => false }), appends('b')];
    const draft = await runStages(stages, start, soon(), (report) => reports.push(report));
    expect(draft.trail).toEqual(['a', 'b']);
    expect(reports.map(({ stage, outcome }) => `${stage} ${outcome}`)).toEqual(['a done', 'b done']);
  });

  it('goes on by the named policy when a dependency fails', async () => {
    const reports: StageReport[] = [];
    const failing = appends('b', {
      run: () => Promise.reject(new DependencyError('b', 'dependency-unreachable', 'gone')),
      failOpen: { name: 'without-b', recover: (draft, failure) => ({ trail: [...draft.trail, failure.category] }) },
    });
    const draft = await runStages([appends('a'), failing, appends('c')], start, soon(), (report) =>
      reports.push(report),
    );
    expect(draft.trail).toEqual(['a', 'dependency-unreachable', 'c']);
    expect(reports[1]).toMatchObject({ stage: 'b', outcome: 'failed-open', failure: { message: 'b: gone' } });
  });

  it('never hides a bug behind a fail-open policy', async () => {
    const buggy = appends('b', {
      run: () => {
        throw new TypeError('undefined is not a function');
      },
      failOpen: { name: 'anything', recover: () => ({}) },
    });
    await expect(runStages([buggy], start, soon(), () => {})).rejects.toThrow(TypeError);
  });

  it('fails the request with a stage that has no policy', async () => {
    const failing = appends('b', { run: () => Promise.reject(new DependencyError('b', 'dependency-refused', 'no')) });
    await expect(runStages([failing], start, soon(), () => {})).rejects.toThrow('b: no');
  });

  it('gives up on a stage that used up its share, aborts it, and ignores what it brings later', async () => {
    let bringLate: () => void = () => {};
    let signal: AbortSignal | undefined;
    const slow = appends('slow', {
      run: (_, limits) => {
        signal = limits.signal;
        return new Promise((resolve) => (bringLate = () => resolve({ patch: { trail: ['too late'] } })));
      },
      failOpen: { name: 'without', recover: (draft, failure) => ({ trail: [...draft.trail, failure.category] }) },
    });
    const draft = await runStages([slow, appends('after')], start, until(Date.now() + 20), () => {});
    bringLate();
    await new Promise((resolve) => setImmediate(resolve));
    expect(draft.trail).toEqual(['dependency-late', 'after']);
    expect(signal?.aborted).toBe(true);
  });

  it('takes a result that came while this process was held up, though its time is over', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[dependency]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
      [Socket],
      unknown,
    ];
    const answering = appends('answering', {
      run: async (draft, { deadlineAtMs }) => {
        const answer = once(client, 'data');
        await Promise.resolve(); // from here on the time runs
        dependency.write('answer');
        while (Date.now() < deadlineAtMs + 20);
        await answer;
        return { patch: { trail: [...draft.trail, 'answered'] } };
      },
    });
    const draft = await runStages([answering], start, until(Date.now() + 20), () => {});
    client.destroy();
    server.close();
    expect(draft.trail).toEqual(['answered']);
  });

  it('gives a stage its share of what is left, not of the whole', async () => {
    const deadlines: number[] = [];
    const half = appends('half', {
      timeShare: 0.5,
      run: (_, { deadlineAtMs }) => {
        deadlines.push(deadlineAtMs);
        return { patch: {} };
      },
    });
    const from = Date.now();
    await runStages([half], start, until(from + 1_000_000), () => {});
    expect(deadlines[0]! - from).toBeGreaterThanOrEqual(500_000);
    expect(deadlines[0]! - from).toBeLessThan(600_000);
  });

  it('restarts at a named stage twice; then the stage fails, as its policy says', async () => {
    const otherwise = new DependencyError('b', 'dependency-not-ready', 'still not');
    const restarting = appends('b', {
      run: (draft) => ({ patch: { trail: [...draft.trail, 'b'] }, restart: { at: 'a', otherwise } }),
      failOpen: { name: 'without', recover: (draft, { message }) => ({ trail: [...draft.trail, message] }) },
    });
    const draft = await runStages([appends('a'), restarting, appends('c')], start, soon(), () => {});
    expect(draft.trail).toEqual(['a', 'b', 'a', 'b', 'a', 'b: still not', 'c']);
  });

  it('ends with the caller: the stage at work is aborted, and no other begins, whatever their policies', async () => {
    const caller = new AbortController();
    const reports: StageReport[] = [];
    let signal: AbortSignal | undefined;
    const endless = appends('endless', {
      run: (_, limits) => {
        signal = limits.signal;
        return new Promise(() => {});
      },
      failOpen: { name: 'anything', recover: () => ({}) },
    });
    const never = jest.fn();
    const running = runStages(
      [appends('a'), endless, appends('c', { run: never })],
      start,
      until(Date.now() + 60_000, caller.signal),
      (report) => reports.push(report),
    );
    await new Promise((resolve) => setImmediate(resolve));
    caller.abort(new CallerGoneError());
    await expect(running).rejects.toThrow(CallerGoneError);
    expect(signal?.aborted).toBe(true);
    expect(never).not.toHaveBeenCalled();
    expect(reports.map(({ stage, outcome }) => `${stage} ${outcome}`)).toEqual(['a done', 'endless abandoned']);
  });
});
