import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for a loaded machine and for a remote driver; a passing test waits only as long as it needs to. */
const LIMIT_MS = 90_000;

/**
 * Repeats `check` until it neither throws nor rejects: for stores that show a write only after a while.
 *
 * @returns what the check returned at last
 * @throws the check's last error after 90 seconds
 */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
