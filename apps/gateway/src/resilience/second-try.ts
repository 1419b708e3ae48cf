/** One call made of up to two: a second try after a failure that another replica may not have, or beside a late first one. */
import { onAbort } from '@watchnext/waiting';

export interface SecondTryOptions {
  /** How long the first try may take before a second one stands beside it; undefined: however long. */
  readonly hedgeAfterMs: number | undefined;
  /** Whether a failure is one that a second try may not have. */
  isWorthRepeating(error: unknown): boolean;
  /** Asked once, when a second try is wanted. */
  mayTryAgain(why: SecondTryReason): boolean;
  /** Told of a second try that stood beside the first, once it is known whether its success came first. */
  onHedged?(cameFirst: boolean): void;
}

export type SecondTryReason = 'failed' | 'late';

/**
 * Only for calls that change nothing. The first success wins, and the other try is aborted; with two failures the first
 * one's is thrown.
 *
 * @param attempt is to give up when its signal is aborted
 * @param signal of the whole
 */
export async function withSecondTry<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { hedgeAfterMs, isWorthRepeating, mayTryAgain, onHedged }: SecondTryOptions,
  signal: AbortSignal,
): Promise<T> {
  // Not `AbortSignal.any`, which takes three times as long, with references that the collector keeps.
  const over = new AbortController();
  const ignore = onAbort(signal, () => over.abort(signal.reason));
  const mayStill = (why: SecondTryReason) => !signal.aborted && mayTryAgain(why);
  const first = attempt(over.signal);
  try {
    if (hedgeAfterMs !== undefined && !(await settlesWithin(first, hedgeAfterMs)) && !signal.aborted) {
      if (mayStill('late')) return await firstSuccess(first, attempt(over.signal), onHedged);
      // Denied once is denied: to ask again when it fails would count one call's second try twice.
      return await first;
    }
    return await first.catch((error: unknown) => {
      if (!isWorthRepeating(error) || !mayStill('failed')) throw error;
      return attempt(over.signal).catch(() => Promise.reject(error));
    });
  } finally {
    ignore();
    over.abort(OVER);
  }
}

/** Of signals after the end: nobody looks at it, and without one each abort would make an error and its stack. */
const OVER = 'settled';

function settlesWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    const settled = () => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(settled, settled);
  });
}

/** @throws the first one's error where both fail */
async function firstSuccess<T>(
  first: Promise<T>,
  second: Promise<T>,
  onHedged: SecondTryOptions['onHedged'],
): Promise<T> {
  const tries = [first, second].map((attempt, place) => attempt.then((result) => ({ result, place })));
  try {
    const { result, place } = await Promise.any(tries);
    onHedged?.(place === 1);
    return result;
  } catch (error) {
    onHedged?.(false);
    throw (error as AggregateError).errors[0];
  }
}
