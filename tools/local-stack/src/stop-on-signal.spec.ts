import { stopOnSignal } from './stop-on-signal';

afterEach(() => {
  jest.restoreAllMocks();
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
});

describe('stopping on a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops all that runs at %s, tells what failed to, and ends with %i', async (signal, exitCode) => {
    const told = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const failure = new Error('no such process');
    const stopped: string[] = [];
    const running = new Set<() => Promise<void>>();
    stopOnSignal(running);
    running.add(() => Promise.reject(failure));
    running.add(() => {
      throw failure;
    });
    running.add(async () => void stopped.push('kafka'));
    const ended = new Promise<number>((resolve) => {
      jest.spyOn(process, 'exit').mockImplementation(((code: number) => resolve(code)) as typeof process.exit);
    });
    process.emit(signal);
    expect(await ended).toBe(exitCode);
    expect(stopped).toEqual(['kafka']);
    expect(told.mock.calls.map(([, reason]) => reason)).toEqual([failure, failure]);
  });
});
