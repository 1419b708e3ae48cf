import { eventually } from '@watchnext/testing';
import { withSecondTry } from './second-try';

/** Tries that are settled by hand, in the order they are made. */
function tries() {
  const made: { resolve(value: string): void; reject(error: Error): void; signal: AbortSignal }[] = [];
  const attempt = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      made.push({ resolve, reject, signal });
      signal.addEventListener('abort', () => reject(new Error('cancelled')));
    });
  return { made, attempt };
}
const gone = new Error('gone');
const options = {
  hedgeAfterMs: undefined as number | undefined,
  isWorthRepeating: (error: unknown) => error === gone,
  mayTryAgain: () => true,
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a second try', () => {
  const signal = () => new AbortController().signal;

  it('follows a failure that another replica may not have', async () => {
    const { made, attempt } = tries();
    const result = withSecondTry(attempt, options, signal());
    made[0]!.reject(gone);
    await turn();
    made[1]!.resolve('second');
    await expect(result).resolves.toBe('second');
  });

  it('does not follow another failure, nor without leave', async () => {
    for (const [error, more] of [
      [new Error('wrong'), {}],
      [gone, { mayTryAgain: () => false }],
    ] as const) {
      const { made, attempt } = tries();
      const result = withSecondTry(attempt, { ...options, ...more }, signal());
      made[0]!.reject(error);
      await expect(result).rejects.toBe(error);
      expect(made).toHaveLength(1);
    }
  });

  it('stands beside a late first one; the first success wins and the other is aborted', async () => {
    for (const winner of [0, 1]) {
      const { made, attempt } = tries();
      const onHedged = jest.fn();
      const result = withSecondTry(attempt, { ...options, hedgeAfterMs: 1, onHedged }, signal());
      await eventually(() => made.length === 2, 'the second try');
      made[winner]!.resolve(`try ${winner}`);
      await expect(result).resolves.toBe(`try ${winner}`);
      expect(onHedged.mock.calls).toEqual([[winner === 1]]);
      expect(made[1 - winner]!.signal.aborted).toBe(true);
    }
  });

  it('is asked for once: where it may not stand beside a late first one, nor may it follow its failure', async () => {
    const { made, attempt } = tries();
    const mayTryAgain = jest.fn(() => false);
    const result = withSecondTry(attempt, { ...options, hedgeAfterMs: 1, mayTryAgain }, signal());
    await eventually(() => mayTryAgain.mock.calls.length > 0, 'the question whether to try again');
    made[0]!.reject(gone);
    await expect(result).rejects.toBe(gone);
    expect(mayTryAgain).toHaveBeenCalledTimes(1);
    expect(made).toHaveLength(1);
  });

  it('fails as the first one failed where both fail', async () => {
    const { made, attempt } = tries();
    const onHedged = jest.fn();
    const result = withSecondTry(attempt, { ...options, hedgeAfterMs: 1, onHedged }, signal());
    await eventually(() => made.length === 2, 'the second try');
    made[1]!.reject(new Error('also'));
    made[0]!.reject(gone);
    await expect(result).rejects.toBe(gone);
    expect(onHedged.mock.calls).toEqual([[false]]);
  });

  it('is not made once nobody waits', async () => {
    const caller = new AbortController();
    const { made, attempt } = tries();
    const result = withSecondTry(attempt, { ...options, isWorthRepeating: () => true }, caller.signal);
    caller.abort();
    await expect(result).rejects.toThrow('cancelled');
    expect(made).toHaveLength(1);
  });
});
