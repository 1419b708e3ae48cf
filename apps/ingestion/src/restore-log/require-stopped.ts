/** How a restoration that was cut off ended: because it was told to, or by a failure, whether or not a signal came as well. */
import { PortError } from '@watchnext/errors';
import { RestoreError } from './restore-topic';

/** @throws what it failed with, and what to do about it where nothing but a further run is to be done */
export function requireStopped(error: unknown, signal: AbortSignal): void {
  if (signal.aborted && error === signal.reason) return;
  if (!(error instanceof PortError) || !error.retriable) throw error;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  throw new RestoreError(`${error.message}${cause}\nThe same command goes on where this one ended.`, { cause: error });
}
