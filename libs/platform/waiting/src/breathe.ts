import { setImmediate } from 'node:timers/promises';

/** Lets the event loop turn, so that signals and timers are heard in a long computation, then gives way to an abort. */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
