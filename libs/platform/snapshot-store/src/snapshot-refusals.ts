/** Which snapshots a holder has refused, and when it tries each of them again: later and later. */
import { SnapshotCorruptError, SnapshotStoreError } from './port';

interface Refusal {
  readonly sinceMs: number;
  attempts: number;
  retryAtMs: number;
}

const MAX_RETRY_MS = 300_000;
/**
 * For so long a copy that differs from its digest is fetched again at every poll: what spoils bits on their way has mostly
 * passed by then. What lies spoilt in the store stays so, and is looked at later and later.
 */
const SPOILT_ON_ITS_WAY_MS = 60_000;

/** On a clock that nobody sets: one of the day that is put back by an hour would have nothing tried for an hour. */
export class SnapshotRefusals {
  private readonly refusals = new Map<string, Refusal>();

  constructor(private readonly pollMs: number) {}

  mayTry(snapshotId: string): boolean {
    return performance.now() >= (this.refusals.get(snapshotId)?.retryAtMs ?? 0);
  }

  /** @returns how often this snapshot was refused, this time included */
  add(snapshotId: string, error: Error): number {
    const nowMs = performance.now();
    const { attempts: before = 0, sinceMs = nowMs } = this.refusals.get(snapshotId) ?? {};
    const attempts = before + 1;
    // A store that could not be reached is no fault of the snapshot: the next poll looks again.
    const isOfStore = error instanceof SnapshotStoreError && error.retriable;
    const maySpoilOnItsWay = error instanceof SnapshotCorruptError && nowMs - sinceMs < SPOILT_ON_ITS_WAY_MS;
    const waitMs = isOfStore || maySpoilOnItsWay ? 0 : Math.min(this.pollMs * 2 ** attempts, MAX_RETRY_MS);
    this.refusals.set(snapshotId, { sinceMs, attempts, retryAtMs: nowMs + waitMs });
    return attempts;
  }

  delete(snapshotId: string): void {
    this.refusals.delete(snapshotId);
  }

  /** Forgets those that nobody wants any longer. */
  keepOnly(snapshotIds: readonly string[]): void {
    for (const id of this.refusals.keys()) if (!snapshotIds.includes(id)) this.refusals.delete(id);
  }
}
