/** One partition's states and mark, as streaming and rebuilding alike move them on. */
import { TOPICS, type Mark, type UserState } from '@watchnext/contract';
import type { FeatureStore } from '@watchnext/feature-store';
import { applyEvent, decodeState, encodeState, newState } from '@watchnext/features';
import type { SortedRecords } from './sort-records';
import { StateCache } from './state-cache';

/** A partition as its consumer knows it. To be forgotten when anything goes wrong: the cache may be half folded then. */
export class PartitionFold {
  private readonly cache: StateCache;

  constructor(
    private readonly store: FeatureStore,
    private readonly partition: number,
    private mark: Mark | undefined,
    cachedUsers: number,
  ) {
    this.cache = new StateCache(cachedUsers);
  }

  /**
   * Folds records that end at `lastOffset`, and commits states and mark together.
   * @throws what the store throws; then nothing was written
   */
  async advance(sorted: SortedRecords, lastOffset: number): Promise<void> {
    const states = await this.statesOf(sorted);
    const changed = fold(sorted, states);
    const next: Mark = { topic: TOPICS.activity, partition: this.partition, offset: lastOffset };
    const encoded = new Map([...changed].map(([userId, state]) => [userId, encodeState(state)]));
    await this.store.commit(this.partition, { expected: this.mark, next, states: encoded });
    this.mark = next;
    this.cache.keep(states);
  }

  /** The decoded states of all users of the batch. They are changed in place while the cache still holds them. */
  private async statesOf({ toFold }: SortedRecords): Promise<Map<string, UserState>> {
    const states = new Map<string, UserState>();
    const missing = new Set<string>();
    for (const { userId } of toFold) {
      const cached = this.cache.get(userId);
      if (cached) states.set(userId, cached);
      else missing.add(userId);
    }
    if (missing.size === 0) return states;
    const stored = await this.store.readMany(this.partition, [...missing]);
    for (const userId of missing) {
      const bytes = stored.get(userId);
      states.set(userId, bytes ? decodeState(bytes) : newState(userId));
    }
    return states;
  }
}

/** @returns the states that changed: a batch of retries alone writes none */
function fold({ toFold }: SortedRecords, states: ReadonlyMap<string, UserState>): Map<string, UserState> {
  const changed = new Map<string, UserState>();
  for (const { userId, event } of toFold) {
    const state = states.get(userId) as UserState;
    if (applyEvent(state, event) !== 'duplicate') changed.set(userId, state);
  }
  return changed;
}
