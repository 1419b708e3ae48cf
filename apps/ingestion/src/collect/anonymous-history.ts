import { TOPICS, type UserState } from '@watchnext/contract';
import { partitionOf, type EventLog } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { decodeState } from '@watchnext/features';
import type { Logger } from '@watchnext/service';
import { setTimeout as sleep } from 'node:timers/promises';
import { foldedTo } from '../materialise/folded-to';

/** The logins of a request wait so long together for the anonymous viewers' last events to be folded, and then take what is there. */
const PATIENCE_MS = 1_000;
/** Between two looks at how far states are folded: soon where they keep up, and seldom where they lag, which all logins meet alike. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 100;

/** How long one request may wait, all its logins together. */
export interface Patience {
  /** By Date.now(). */
  readonly deadlineMs: number;
  /** Aborted where nobody waits for the answer any more; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** Begins now. */
export const patienceOf = (signal: AbortSignal): Patience => ({ deadlineMs: Date.now() + PATIENCE_MS, signal });

/** What is known of an anonymous viewer, for the merge event that carries it to the user's own partition. */
export class AnonymousHistory {
  constructor(
    private readonly log: EventLog,
    private readonly store: FeatureStore,
    private readonly partitionCount: number,
    private readonly logger: Logger,
  ) {}

  /**
   * The viewer's state with all that was appended before the call, or with what is folded of it when the patience is at its end;
   * undefined for one never seen. Its event ids stay behind: retries of its events go to its own state.
   */
  async of(anonymousUserId: string, patience: Patience): Promise<UserState | undefined> {
    const partition = partitionOf(anonymousUserId, this.partitionCount);
    if (Date.now() < patience.deadlineMs) await this.whenFolded(partition, patience);
    patience.signal.throwIfAborted();
    const { state } = await this.store.read(partition, anonymousUserId);
    if (!state) return undefined;
    const decoded = decodeState(state);
    return decoded.deleted ? undefined : { ...decoded, seenEvents: [] };
  }

  private async whenFolded(partition: number, { deadlineMs, signal }: Patience): Promise<void> {
    const end = (await this.log.bounds(TOPICS.activity))[partition]?.endOffset ?? 0;
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(2 * waitMs, LAST_LOOK_MS)) {
      signal.throwIfAborted();
      const folded = await foldedTo(this.store, partition);
      if (folded >= end) return;
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0) {
        this.logger.warn(
          { partition, foldedTo: folded, end },
          'merging an anonymous history that is not folded to its end',
        );
        return;
      }
      await sleep(Math.min(waitMs, leftMs), undefined, { signal }).catch(() => undefined);
    }
  }
}
