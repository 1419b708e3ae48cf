/** One partition's states and mark, as streaming and rebuilding alike move them on. */
import { TOPICS, type Mark } from '@watchnext/contract';
import type { FeatureStore } from '@watchnext/feature-store';
import { STATE_FORMAT_VERSION } from '@watchnext/features';
import { type Feedback, noFeedback, sumOfFeedback } from './feedback';
import { type EventToFold, type FoldFailure, foldUser } from './fold-user';
import { StateCache } from './state-cache';

/** What records make of the states. */
export interface FoldedStates {
  /** Encoded, those that changed: a batch of retries alone writes none. Undefined: the user has none any more. */
  readonly states: ReadonlyMap<string, Uint8Array | undefined>;
  /** Of events that the states are without. */
  readonly failures: readonly FoldFailure[];
  /** What viewers made of lists, by these records. */
  readonly feedback: Feedback;
}

/** Why states may not be folded on: what this version does not read of them it would drop. Undefined: they may. */
export function newerFormatOf(mark: Mark | undefined, stateFormat = STATE_FORMAT_VERSION): string | undefined {
  const stored = mark?.stateFormat ?? 0;
  if (stored <= stateFormat) return undefined;
  return (
    `its states are of format ${stored}, by a newer version, and this one writes ${stateFormat}: run the newer version, ` +
    'or rebuild the states by this one with "npm run rebuild -- --overwrite"'
  );
}

/** States of format 0 have a mark without one: stores compare marks as bytes, and a version that knows no numbers writes none. */
export const markAt = (partition: number, offset: number, stateFormat: number): Mark => ({
  topic: TOPICS.activity,
  partition,
  offset,
  ...(stateFormat > 0 && { stateFormat }),
});

/** A partition as its consumer knows it. To be forgotten when anything goes wrong: the mark may have moved on then. */
export class PartitionFold {
  private readonly cache: StateCache;

  constructor(
    private readonly store: FeatureStore,
    private readonly partition: number,
    private mark: Mark | undefined,
    cachedUsers: number,
    private readonly stateFormat = STATE_FORMAT_VERSION,
  ) {
    this.cache = new StateCache(cachedUsers);
  }

  /** Writes nothing. @throws what the store throws */
  async fold(toFold: readonly EventToFold[]): Promise<FoldedStates> {
    const byUser = new Map<string, EventToFold[]>();
    for (const entry of toFold) {
      const own = byUser.get(entry.userId);
      if (own) own.push(entry);
      else byUser.set(entry.userId, [entry]);
    }
    const before = await this.bytesOf(byUser.keys());
    const states = new Map<string, Uint8Array | undefined>();
    const failures: FoldFailure[] = [];
    let feedback = noFeedback();
    for (const [userId, entries] of byUser) {
      const folded = foldUser(userId, before.get(userId), entries);
      if (folded.isChanged) states.set(userId, folded.state);
      failures.push(...folded.failures);
      feedback = sumOfFeedback(feedback, folded.feedback);
    }
    return { states, failures, feedback };
  }

  /**
   * Commits what was folded of records that end at `lastOffset`, states and mark together.
   * @throws what the store throws; then nothing was written
   */
  async commit({ states }: Pick<FoldedStates, 'states'>, lastOffset: number): Promise<void> {
    const next = markAt(this.partition, lastOffset, this.stateFormat);
    await this.store.commit(this.partition, { expected: this.mark, next, states });
    this.mark = next;
    // Only what was encoded here: bytes of the store may be a part of something larger.
    this.cache.keep(states);
  }

  /** The states of those users that have one. */
  private async bytesOf(userIds: Iterable<string>): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const missing: string[] = [];
    for (const userId of userIds) {
      const cached = this.cache.get(userId);
      if (cached) found.set(userId, cached);
      else missing.push(userId);
    }
    if (missing.length === 0) return found;
    const stored = await this.store.readMany(this.partition, missing);
    for (const [userId, bytes] of stored) found.set(userId, bytes);
    return found;
  }
}
