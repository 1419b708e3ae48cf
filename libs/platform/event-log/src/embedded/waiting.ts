import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, but not beyond an abort. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Growing pauses after failures: 50 ms, 100 ms, … up to 5 s, until something succeeds. */
export class Backoff {
  private failures = 0;

  async wait(signal: AbortSignal): Promise<void> {
    const milliseconds = Math.min(5_000, 50 * 2 ** this.failures++);
    await pause(milliseconds, signal);
  }

  reset(): void {
    this.failures = 0;
  }
}
