/** How programs end that a signal stops: at their next clean point, and with the code that a shell gives for that signal. */

/** 128 and the number of the signal. */
export const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof SIGNAL_EXIT_CODES;

/** For --help. */
export const SIGNAL_EXIT_CODES_HELP = `${SIGNAL_EXIT_CODES.SIGINT} interrupted (SIGINT), ${SIGNAL_EXIT_CODES.SIGTERM} stopped (SIGTERM)`;

export interface Stopping {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Of the signal that stopped the program; that of SIGINT until there is one, as for somebody who leaves a question. */
  readonly exitCode: number;
  /** As if the signal had come: for another reason to stop, as an output that nobody reads. The first signal after it is no second one. */
  stop(as: StopSignal): void;
}

export interface StopOptions {
  /** What the work then fails with. */
  readonly reason?: Error;
  /** Default: SIGINT and SIGTERM. Whoever listens to SIGHUP undoes what `nohup` is for. */
  readonly signals?: readonly StopSignal[];
  /** Default: a second signal ends the process at once, as it does without this. */
  readonly onSecond?: () => void;
}

/** From now on the first signal aborts what is returned, and ends nothing by itself. */
export function stopOnSignals({
  reason = new Error('stopped'),
  signals = ['SIGINT', 'SIGTERM'],
  onSecond,
}: StopOptions = {}): Stopping {
  const controller = new AbortController();
  const { signal } = controller;
  let stoppedBy: StopSignal = 'SIGINT';
  let isHeard = false;
  const stop = (as: StopSignal) => {
    if (signal.aborted) return;
    stoppedBy = as;
    controller.abort(reason);
  };
  const listeners = signals.map((name) => {
    const hear = () => {
      // Not whether it stops: for another reason it may do so without anybody being impatient.
      if (isHeard) return onSecond?.();
      isHeard = true;
      if (onSecond === undefined) for (const [one, listener] of listeners) process.off(one, listener);
      stop(name);
    };
    return [name, hear] as const;
  });
  for (const [name, hear] of listeners) process.on(name, hear);
  return {
    signal,
    get exitCode() {
      return SIGNAL_EXIT_CODES[stoppedBy];
    },
    stop,
  };
}
