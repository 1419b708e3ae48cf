/** How SIGINT and SIGTERM end a command: its work stops at the next clean point. A second signal ends the process at once. */
import { stopOnSignals, type Stopping } from '@watchnext/command-line';

let current: Stopping | undefined;

/** @param message what the work then fails with */
export function untilInterrupted(message = 'stopped'): AbortSignal {
  current = stopOnSignals({ reason: new Error(message) });
  return current.signal;
}

/** Where a signal came: the exit code, and what the work was to fail with; what it fails with instead is a consequence. */
export const interruption = (): { exitCode: number; error: Error } | undefined =>
  current?.signal.aborted ? { exitCode: current.exitCode, error: current.signal.reason as Error } : undefined;
