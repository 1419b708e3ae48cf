import { TOPICS, type UserState } from '@watchnext/contract';
import { PortError } from '@watchnext/errors';
import { partitionOf, type EventLog } from '@watchnext/event-log';
import { foldedTo, type FeatureStore, type StoredState } from '@watchnext/feature-store';
import { decodeState } from '@watchnext/features';
import { ApiError, type Logger } from '@watchnext/service';
import { inTime, unlessAborted } from '@watchnext/waiting';

/** The logins of a request wait so long together for the anonymous viewers' last events to be folded, and then take what is there. */
const PATIENCE_MS = 1_000;
/** Those of a backfill wait longer, with nobody at a screen. */
const BACKFILL_PATIENCE_MS = 5_000;
/** Between two looks at how far states are folded: soon where they keep up, and seldom where they lag, which all logins meet alike. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 100;

/** An answer of log or store gets at least so long, also where the patience is at its end by then … */
const ANSWER_MS = 500;
/** … and all answers together so long behind that end: more than a batch full of logins takes of a store that is well. Nothing is asked
 * any more then, so that a request has its answer within what producer clients give it (10 s), however slow log and store are. */
const RESERVE_MS = 3_000;

/** "part": not known to be folded to its end; "none": what there is could not be read. */
export type IncompleteHistory = 'part' | 'none';

/** Neither log nor store can be made to answer sooner. */
class LateAnswerError extends PortError {
  constructor() {
    super('neither log nor feature store answered in time', 'late-answer', true);
  }
}

/** How long one request may wait, all its logins together. */
export class Patience {
  private readonly deadlineMs: number;
  private readonly endsMs: number;
  /** The store was asked for a state at the end, and did not answer in time: the request's other logins do not ask. */
  isStoreSilent = false;

  /**
   * Begins now. A live login takes what is folded, so that a materialiser that lags holds up nobody's watches, and neither does a log
   * or a store that does not answer; a backfill is told once and can be told again, so its histories are whole or its batch is refused
   * (docs/decisions/0144, 0181).
   *
   * @param refusesPart whether it is a backfill's
   * @param signal aborted where nobody waits for the answer any more; its reason is thrown
   */
  constructor(
    readonly refusesPart: boolean,
    readonly signal: AbortSignal,
  ) {
    this.deadlineMs = Date.now() + (refusesPart ? BACKFILL_PATIENCE_MS : PATIENCE_MS);
    this.endsMs = this.deadlineMs + RESERVE_MS;
  }

  leftMs(): number {
    return this.deadlineMs - Date.now();
  }

  /** @throws LateAnswerError; the reason of the signal; what `ask` throws */
  async inTime<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    const toEndMs = this.endsMs - Date.now();
    if (toEndMs <= 0) throw new LateAnswerError();
    const limitMs = Math.min(Math.max(this.leftMs(), ANSWER_MS), toEndMs);
    return inTime(ask, { limitMs, late: () => new LateAnswerError(), signal });
  }
}

/** What is known of an anonymous viewer, for the merge event that carries it to the user's own partition. */
export class AnonymousHistory {
  constructor(
    private readonly log: Pick<EventLog, 'bounds'>,
    private readonly store: Pick<FeatureStore, 'read' | 'readMark'>,
    private readonly partitionCount: number,
    private readonly logger: Logger,
    /** A live login takes less than there may be. */
    private readonly onIncomplete: (history: IncompleteHistory) => void = () => undefined,
  ) {}

  /**
   * The viewer's state with all that was appended before the call, or with what is folded of it when the patience is at its end;
   * undefined for one never seen, or that cannot be read by then. Its event ids stay behind: retries of its events go to its own state.
   *
   * @throws as `whenFolded`
   */
  async of(anonymousUserId: string, patience: Patience): Promise<UserState | undefined> {
    const isWhole = await this.whenFolded(anonymousUserId, patience);
    const found = await this.read(anonymousUserId, patience);
    if (!found) this.onIncomplete('none');
    else if (!isWhole) this.onIncomplete('part');
    if (!found?.state) return undefined;
    const decoded = decodeState(found.state);
    return decoded.deleted ? undefined : { ...decoded, seenEvents: [] };
  }

  /**
   * Fulfils when all that was appended of the viewer before the call is folded, or when the patience is at its end.
   *
   * @returns whether all is known to be folded
   * @throws ApiError 503 (`history-not-folded`) at the end of a patience that refuses parts; or why log or store could not say
   * @throws the reason of the patience's signal
   */
  async whenFolded(anonymousUserId: string, patience: Patience): Promise<boolean> {
    const { refusesPart, signal } = patience;
    signal.throwIfAborted();
    if (!refusesPart && patience.leftMs() <= 0) return false;
    const partition = this.partitionOf(anonymousUserId);
    let end: number | undefined;
    let folded: number | undefined;
    let failure: unknown;
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(2 * waitMs, LAST_LOOK_MS)) {
      try {
        end ??= (await patience.inTime(() => this.log.bounds(TOPICS.activity)))[partition]?.endOffset ?? 0;
        folded = await patience.inTime(() => foldedTo(this.store, partition));
        if (folded >= end) return true;
        failure = undefined;
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error)) throw error;
        failure = error;
      }
      const leftMs = patience.leftMs();
      if (leftMs <= 0) {
        if (refusesPart) throw refusalOf(partition, failure, (end ?? 0) - (folded ?? 0));
        this.logger.warn(
          { err: failure, partition, foldedTo: folded, end },
          'merging an anonymous history that is not known to be folded to its end',
        );
        return false;
      }
      await unlessAborted(new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, leftMs))), signal);
    }
  }

  /** @returns undefined where a live login goes on without */
  private async read(anonymousUserId: string, patience: Patience): Promise<StoredState | undefined> {
    if (patience.isStoreSilent) return undefined;
    const partition = this.partitionOf(anonymousUserId);
    try {
      return await patience.inTime((signal) => this.store.read(partition, anonymousUserId, signal));
    } catch (error) {
      patience.signal.throwIfAborted();
      if (!mayPass(error)) throw error;
      if (patience.refusesPart) throw refusalOf(partition, error, 0);
      // One that refuses, as for a partition in failover, costs the others no time.
      if (error instanceof LateAnswerError) patience.isStoreSilent = true;
      this.logger.warn({ err: error, partition }, 'merging no anonymous history: the feature store does not give it');
      return undefined;
    }
  }

  private partitionOf(userId: string): number {
    return partitionOf(userId, this.partitionCount);
  }
}

const mayPass = (error: unknown): boolean => error instanceof PortError && error.retriable;

/** @param failure why it is not known how many events are missing, if it is not */
function refusalOf(partition: number, failure: unknown, lag: number): unknown {
  if (failure !== undefined && !(failure instanceof LateAnswerError)) return failure;
  const missing = failure ? 'events' : `${lag} events`;
  const why = failure ? `: ${failure.message}` : '';
  return new ApiError(
    503,
    'history-not-folded',
    `a login of this backfill waits for ${missing} of partition ${partition} that are not in the states yet${why}: send the batch again`,
  );
}
