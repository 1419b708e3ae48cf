import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for a loaded machine and for a remote driver; a passing test waits only as long as it needs to. */
const LIMIT_MS = 90_000;
const MAX_PAUSE_MS = 20;

/**
 * Repeats `check` until it neither throws nor rejects: for stores that show a write only after a while. The one loop in which
 * specs wait: it has a limit, below Jest's own, and says what did not come.
 *
 * @returns what the check returned at last
 * @throws the check's last error after 90 seconds
 */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T>;
/**
 * Repeats `holds` until it is true.
 *
 * @param what is waited for, as the end of "gave up waiting for …"
 * @param limitMs default 90 seconds; more for whole programs, where Jest is told to wait longer as well
 * @throws after that, and at once what `holds` throws
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs?: number,
): Promise<void>;
export async function eventually<T>(check: () => T | Promise<T>, what?: string, limitMs = LIMIT_MS): Promise<T | void> {
  // Specs set the clock of the day.
  const giveUpAtMs = performance.now() + limitMs;
  const isOver = () => performance.now() > giveUpAtMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    if (what !== undefined) {
      if (await check()) return;
      if (isOver()) throw new Error(`gave up waiting for ${what}`);
    } else {
      try {
        return await check();
      } catch (error) {
        if (isOver()) throw error;
      }
    }
    await sleep(pauseMs);
  }
}
