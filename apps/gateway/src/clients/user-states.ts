/** Reads users' states from the feature store. */
import { type Mark, TOPICS, type UserState } from '@watchnext/contract';
import { partitionOf } from '@watchnext/event-log';
import { decodeServingState, newState } from '@watchnext/features';
import { type FeatureStore, FeatureStoreError } from '@watchnext/feature-store';
import type { StageLimits } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import type { Dependency } from '../resilience/dependency';

export interface ReadState {
  /** Without the ids of recent events, which only who folds events asks for. */
  readonly state: UserState;
  /** How far the user's partition was folded at the same moment. */
  readonly mark: Mark;
  /** False for a user of whom nothing was ever folded. */
  readonly isKnown: boolean;
}

export interface UserSummary {
  readonly userId: string;
  readonly watchCount: number;
  readonly lastEventAtMs: number;
}

export class UserStates {
  constructor(
    private readonly store: FeatureStore,
    /** How the store is called. */
    private readonly dependency: Dependency,
    private readonly partitionCount: number,
  ) {}

  partitionOf(userId: string): number {
    return partitionOf(userId, this.partitionCount);
  }

  /**
   * The mark of a user nothing is known of. Offset -1 says "no record of the log": an impression without a mark would
   * be replayed with the state before it, which is not what was ranked with.
   */
  emptyMark(userId: string): Mark {
    return { topic: TOPICS.activity, partition: this.partitionOf(userId), offset: -1 };
  }

  /**
   * @throws DependencyError when the store does not answer, or its states are of no offset of the log, as while a checkpoint
   *   is loaded: impressions with such a mark could not be replayed
   */
  async read(userId: string, limits: StageLimits): Promise<ReadState> {
    const stored = await this.dependency.once(
      (signal) => reaching(() => this.store.read(this.partitionOf(userId), userId, signal)),
      limits,
    );
    // Looked into after the call: the store answered, and what one user's state is like says nothing against it.
    if (stored.mark && stored.mark.topic !== TOPICS.activity) {
      const message = `its states are those of ${stored.mark.topic}, not of ${TOPICS.activity}`;
      throw new DependencyError('feature store', 'dependency-not-ready', message);
    }
    return {
      state: stored.state ? orThrow(decodedOrError(stored.state)) : newState(userId),
      mark: stored.mark ?? this.emptyMark(userId),
      isKnown: stored.state !== undefined,
    };
  }

  /**
   * Some users, those with the most watches first: up to `limit` of each partition are looked at.
   * @throws DependencyError when the store does not answer, or one of the states cannot be read
   */
  async list(limit: number, limits: StageLimits): Promise<UserSummary[]> {
    const partitions = Array.from({ length: this.partitionCount }, (_, partition) => partition);
    const found = await this.dependency.once(
      () => reaching(() => Promise.all(partitions.map((partition) => this.listPartition(partition, limit)))),
      limits,
    );
    const users = found.flat().map(orThrow);
    users.sort((a, b) => b.watchCount - a.watchCount || (a.userId < b.userId ? -1 : 1));
    return users.slice(0, limit);
  }

  /** A state that cannot be read comes as its error: to throw it here would be taken for a failure of the store. */
  private async listPartition(partition: number, limit: number): Promise<(UserSummary | DependencyError)[]> {
    const userIds = await this.store.listUserIds(partition, { limit });
    const states = await this.store.readMany(partition, userIds);
    return [...states].flatMap(([userId, bytes]): (UserSummary | DependencyError)[] => {
      const state = decodedOrError(bytes);
      if (state instanceof DependencyError) return [state];
      const { deleted, watchCount, lastEventAtMs } = state;
      return deleted ? [] : [{ userId, watchCount, lastEventAtMs }];
    });
  }
}

function decodedOrError(bytes: Uint8Array): UserState | DependencyError {
  try {
    return decodeServingState(bytes);
  } catch (error) {
    return new DependencyError('feature store', 'dependency-failed', 'holds a state that cannot be read', {
      cause: error,
    });
  }
}

function orThrow<T extends object>(value: T | DependencyError): T {
  if (value instanceof DependencyError) throw value;
  return value;
}

async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FeatureStoreError)) throw error;
    throw new DependencyError('feature store', 'dependency-unreachable', error.message, { cause: error });
  }
}
