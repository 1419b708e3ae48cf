/** One partition's states and mark, as streaming and rebuilding alike move them on. */
import { TOPICS, type Mark, type UserState } from '@watchnext/contract';
import type { FeatureStore } from '@watchnext/feature-store';
import { applyEvent, decodeState, encodeState, newState } from '@watchnext/features';
import { addFeedback, type Feedback, noFeedback } from './feedback';
import type { SortedRecords } from './sort-records';
import { StateCache } from './state-cache';

/** A partition as its consumer knows it. To be forgotten when anything goes wrong: the mark may have moved on then. */
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
   * @returns what viewers made of lists, by these records
   * @throws what the store throws; then nothing was written
   */
  async advance(sorted: SortedRecords, lastOffset: number): Promise<Feedback> {
    const before = await this.bytesOf(sorted);
    const states = new Map<string, UserState>();
    for (const { userId } of sorted.toFold) {
      if (states.has(userId)) continue;
      const bytes = before.get(userId);
      states.set(userId, bytes ? decodeState(bytes) : newState(userId));
    }
    const feedback = noFeedback();
    const changed = fold(sorted, states, feedback);
    const next: Mark = { topic: TOPICS.activity, partition: this.partition, offset: lastOffset };
    const encoded = new Map([...changed].map(([userId, state]) => [userId, encodeState(state)]));
    await this.store.commit(this.partition, { expected: this.mark, next, states: encoded });
    this.mark = next;
    // Only what was encoded here: bytes of the store may be a part of something larger.
    this.cache.keep(encoded);
    return feedback;
  }

  /** The states of the users of the batch that have one. */
  private async bytesOf({ toFold }: SortedRecords): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const missing = new Set<string>();
    for (const { userId } of toFold) {
      const cached = this.cache.get(userId);
      if (cached) found.set(userId, cached);
      else missing.add(userId);
    }
    if (missing.size === 0) return found;
    const stored = await this.store.readMany(this.partition, [...missing]);
    for (const [userId, bytes] of stored) found.set(userId, bytes);
    return found;
  }
}

/** @returns the states that changed: a batch of retries alone writes none */
function fold(
  { toFold }: SortedRecords,
  states: ReadonlyMap<string, UserState>,
  feedback: Feedback,
): Map<string, UserState> {
  const changed = new Map<string, UserState>();
  for (const { userId, event } of toFold) {
    const state = states.get(userId) as UserState;
    const outcome = addFeedback(feedback, state, event, () => applyEvent(state, event));
    if (outcome !== 'duplicate') changed.set(userId, state);
  }
  return changed;
}
