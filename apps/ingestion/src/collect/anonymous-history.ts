import { TOPICS, type UserState } from '@watchnext/contract';
import { partitionOf, type EventLog } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { decodeState } from '@watchnext/features';
import { ApiError, type Logger } from '@watchnext/service';
import { setTimeout as sleep } from 'node:timers/promises';
import { foldedTo } from '../materialise/folded-to';

/** The logins of a request wait so long together for the anonymous viewers' last events to be folded, and then take what is there. */
const PATIENCE_MS = 1_000;
/** Those of a backfill wait longer, with nobody at a screen, and within what producer clients give a request (10 s). */
const BACKFILL_PATIENCE_MS = 5_000;
/** Between two looks at how far states are folded: soon where they keep up, and seldom where they lag, which all logins meet alike. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 100;

/** How long one request may wait, all its logins together. */
export interface Patience {
  /** By Date.now(). */
  readonly deadlineMs: number;
  /** Whether a history that is not folded by then is refused, rather than merged as far as it is. */
  readonly refusesPart: boolean;
  /** Aborted where nobody waits for the answer any more; its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Begins now. A live login takes what is folded, so that a materialiser that lags holds up nobody's watches; a backfill is told once
 * and can be told again, so its histories are whole or its batch is refused (docs/decisions/0144).
 */
export const patienceOf = (isBackfill: boolean, signal: AbortSignal): Patience => ({
  deadlineMs: Date.now() + (isBackfill ? BACKFILL_PATIENCE_MS : PATIENCE_MS),
  refusesPart: isBackfill,
  signal,
});

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
   *
   * @throws as `whenFolded`
   */
  async of(anonymousUserId: string, patience: Patience): Promise<UserState | undefined> {
    await this.whenFolded(anonymousUserId, patience);
    const { state } = await this.store.read(this.partitionOf(anonymousUserId), anonymousUserId);
    if (!state) return undefined;
    const decoded = decodeState(state);
    return decoded.deleted ? undefined : { ...decoded, seenEvents: [] };
  }

  /**
   * Fulfils when all that was appended of the viewer before the call is folded, or when the patience is at its end.
   *
   * @throws ApiError 503 (`history-not-folded`) at the end of a patience that refuses parts
   * @throws the reason of the patience's signal
   */
  async whenFolded(anonymousUserId: string, { deadlineMs, refusesPart, signal }: Patience): Promise<void> {
    signal.throwIfAborted();
    if (!refusesPart && Date.now() >= deadlineMs) return;
    const partition = this.partitionOf(anonymousUserId);
    const end = (await this.log.bounds(TOPICS.activity))[partition]?.endOffset ?? 0;
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(2 * waitMs, LAST_LOOK_MS)) {
      signal.throwIfAborted();
      const folded = await foldedTo(this.store, partition);
      if (folded >= end) return;
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0 && refusesPart) throw notFolded(partition, end - folded);
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

  private partitionOf(userId: string): number {
    return partitionOf(userId, this.partitionCount);
  }
}

const notFolded = (partition: number, lag: number): ApiError =>
  new ApiError(
    503,
    'history-not-folded',
    `a login of this backfill waits for ${lag} events of partition ${partition} that are not in the states yet: send the batch again`,
  );
