import { setTimeout as sleep } from 'node:timers/promises';
import type { LogStorage } from './log-storage';

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

/**
 * Waits for records that other processes append: a short poll while there is traffic, a longer one when there was
 * none for a while. What this process appends through the same handle wakes it at once.
 */
export class RecordPoll {
  private static readonly SHORTEST_MS = 5;
  private static readonly LONGEST_MS = 50;
  private intervalMs = RecordPoll.SHORTEST_MS;

  constructor(private readonly storage: LogStorage) {}

  gotRecords(): void {
    this.intervalMs = RecordPoll.SHORTEST_MS;
  }

  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        forget();
        resolve();
      };
      const timer = setTimeout(wake, this.intervalMs);
      signal.addEventListener('abort', wake);
      const forget = this.storage.onAppend(wake);
    });
    this.intervalMs = Math.min(RecordPoll.LONGEST_MS, this.intervalMs * 1.1);
  }
}
