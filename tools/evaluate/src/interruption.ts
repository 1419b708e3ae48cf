/** How SIGINT and SIGTERM end a command: its work stops at the next clean point. A second signal ends the process at once. */

let current: AbortSignal | undefined;

/** @param message what the work then fails with */
export function untilInterrupted(message = 'stopped'): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(message)));
  return (current = stop.signal);
}

/** What the work was to fail with, where a signal came; what it fails with instead is a consequence. */
export const interruption = (): Error | undefined => (current?.aborted ? (current.reason as Error) : undefined);
