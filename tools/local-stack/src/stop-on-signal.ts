/** For programs that start servers: Ctrl-C and SIGTERM stop them first. */
import { stopOnSignals, type Stopping } from '@watchnext/command-line';

let stopping: Stopping | undefined;
/** Whether a signal has come: what fails from then on fails for want of what was stopped. The program ends by itself. */
export const isInterrupted = (): boolean => stopping?.signal.aborted ?? false;

/**
 * What does not let itself be stopped is told on stderr, and does not keep the others running. A second signal ends at once.
 *
 * @param running what must still be stopped, as of the signal
 * @param afterwards what is to be done once all that is stopped, as removing the folders in which it wrote
 */
export function stopOnSignal(
  running: ReadonlySet<() => Promise<void>>,
  afterwards: ReadonlySet<() => Promise<void>> = new Set(),
): void {
  const heard = (stopping = stopOnSignals());
  heard.signal.addEventListener('abort', async () => {
    await stopAll(running);
    await stopAll(afterwards);
    process.exit(heard.exitCode);
  });
}

async function stopAll(running: ReadonlySet<() => Promise<void>>): Promise<void> {
  const outcomes = await Promise.allSettled([...running].map(async (stop) => stop()));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') console.error('while stopping:', outcome.reason);
  }
}
