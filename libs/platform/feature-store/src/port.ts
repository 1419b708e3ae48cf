/**
 * The port of the feature store: the encoded state of each user, by partition of the activity topic, and each
 * partition's mark. States and mark change together or not at all.
 */
import type { Mark } from '@watchnext/contract';
import { PortError } from '@watchnext/errors';

export interface StoredState {
  /** Encoded `UserState`; undefined for a user never seen, or let go of since. */
  readonly state: Uint8Array | undefined;
  /** The partition's mark at the same moment; undefined while nothing was folded. */
  readonly mark: Mark | undefined;
}

export interface StateCommit {
  /** What the caller believes the stored mark to be; undefined: none yet. */
  readonly expected: Mark | undefined;
  readonly next: Mark;
  /** Encoded states by user id; undefined: the user has none any more. */
  readonly states: ReadonlyMap<string, Uint8Array | undefined>;
}

export interface StoreUsage {
  /** Viewers with a state, of all partitions asked for; whom a deletion left a tombstone of are among them. */
  readonly userCount: number;
  /** Of the memory that the store may use, on the node where it is the most; undefined where it has no bound of its own. */
  readonly memoryShare: number | undefined;
}

export interface FeatureStore {
  /**
   * One user's state and its partition's mark, read atomically.
   * @param signal when it is aborted nobody waits any longer: what was not sent is not, and what was is not waited for
   * @throws the signal's reason; StoreUnavailableError (retriable)
   */
  read(partition: number, userId: string, signal?: AbortSignal): Promise<StoredState>;
  /** The states there are among `userIds`. */
  readMany(partition: number, userIds: readonly string[]): Promise<Map<string, Uint8Array>>;
  readMark(partition: number): Promise<Mark | undefined>;
  /**
   * Writes all states and the mark, and removes the states that are no more, in one step.
   * @throws MarkConflictError when the stored mark is not `expected`; then nothing was written.
   * @throws StoreUnavailableError (retriable)
   */
  commit(partition: number, commit: StateCommit): Promise<void>;
  /** User ids of a partition in ascending byte order, after `afterUserId`, at most `limit`. */
  listUserIds(partition: number, options: { afterUserId?: string; limit: number }): Promise<string[]>;
  /** How full the store is, of the partitions from 0 on. @throws StoreUnavailableError (retriable) */
  usage(partitionCount: number): Promise<StoreUsage>;
  /**
   * The time by the clock of each machine that takes writes, Unix milliseconds; none where that is this machine, or they do not tell.
   * @throws StoreUnavailableError (retriable)
   */
  clocksMs(): Promise<readonly number[]>;
  /** Removes all states of a partition and its mark, in one step: as if nothing had been folded. */
  clear(partition: number): Promise<void>;
  close(): Promise<void>;
}

export class FeatureStoreError extends PortError {}

/** Someone else folded this partition: the caller must resume from the stored mark. */
export class MarkConflictError extends FeatureStoreError {
  constructor(
    readonly partition: number,
    readonly expected: Mark | undefined,
    readonly actual: Mark | undefined,
  ) {
    super(
      `partition ${partition}: expected the mark at offset ${expected?.offset ?? 'none'}, found ${actual?.offset ?? 'none'}`,
      'mark-conflict',
      true,
    );
  }
}

export class StoreUnavailableError extends FeatureStoreError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'store-unavailable', true, options);
  }
}
