import { setTimeout as sleep } from 'node:timers/promises';
import { backOffMs } from '../back-off';

/** Waits, but not beyond an abort. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Growing pauses after failures, until something succeeds. */
export class Backoff {
  private failures = 0;

  async wait(signal: AbortSignal): Promise<void> {
    await pause(backOffMs(this.failures++), signal);
  }

  reset(): void {
    this.failures = 0;
  }
}
