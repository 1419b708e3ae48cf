import { afterArrivals } from './after-arrivals';
import { onAbort } from './on-abort';
import { unlessAborted } from './unless-aborted';

export interface TimeLimit {
  readonly limitMs: number;
  /** Makes what is thrown once the time has passed. */
  readonly late: () => Error;
  /** Of whoever waits for the answer; its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Gives an answer so long to come.
 *
 * @param ask is to give up when its signal is aborted, by the limit or by whoever waits; it is not waited for then
 * @throws what `late` makes; the reason of `signal`; what `ask` throws
 */
export async function inTime<Result>(
  ask: (signal: AbortSignal) => Result | Promise<Result>,
  { limitMs, late, signal }: TimeLimit,
): Promise<Result> {
  const limit = new AbortController();
  const asked = ask(limit.signal);
  if (!(asked instanceof Promise)) return asked;
  const stopTimer = afterArrivals(() => limit.abort(late()), limitMs);
  const ignore = onAbort(signal, () => limit.abort(signal.reason));
  try {
    return await unlessAborted(asked, limit.signal);
  } finally {
    stopTimer();
    ignore();
  }
}
