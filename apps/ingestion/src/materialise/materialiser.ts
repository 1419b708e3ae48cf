/**
 * Folds the activity topic into user states. The states of a batch and the partition's next mark are one commit, which
 * the store refuses unless its mark is the one that the batch began at: so a record counts once, whatever was
 * delivered again, and a consumer that lost its partition writes nothing.
 *
 * What is not folded (dead letters, records that belong elsewhere) is appended before the mark passes it. A crash in
 * between appends it again: dead letters may repeat, and rerouted events carry their id, by which states drop them.
 */
import { DeadLetter, TOPICS, type Mark, type UserState } from '@watchnext/contract';
import type { EventLog, GroupHandler, RecordBatch } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { applyEvent, decodeState, encodeState, newState } from '@watchnext/features';
import type { Logger } from '@watchnext/service';
import { sortRecords, type DeadRecord, type SortedRecords } from './sort-records';
import { StateCache } from './state-cache';

/** A partition as this consumer knows it; forgotten when anything goes wrong. */
interface PartitionView {
  mark: Mark | undefined;
  readonly cache: StateCache;
}

export interface MaterialiserOptions {
  readonly partitionCount: number;
  /** Decoded states kept in memory, per partition. */
  readonly cachedUsersPerPartition: number;
  readonly clock?: () => number;
}

export class Materialiser implements GroupHandler {
  private readonly views = new Map<number, PartitionView>();

  constructor(
    private readonly log: EventLog,
    private readonly store: FeatureStore,
    private readonly logger: Logger,
    private readonly options: MaterialiserOptions,
  ) {}

  async resumeOffset(partition: number): Promise<number | undefined> {
    const mark = await this.store.readMark(partition);
    if (mark && mark.topic !== TOPICS.activity) {
      throw new Error(
        `partition ${partition} of the feature store was folded from ${mark.topic}, not ${TOPICS.activity}`,
      );
    }
    this.views.set(partition, { mark, cache: new StateCache(this.options.cachedUsersPerPartition) });
    return mark && mark.offset + 1;
  }

  async onBatch({ partition, records }: RecordBatch): Promise<void> {
    const view = this.views.get(partition);
    const last = records.at(-1);
    if (!view || !last) throw new Error(`partition ${partition}: a batch without a view of it or without records`);
    const sorted = sortRecords(records, this.options.partitionCount);
    await this.putAside(sorted);
    const states = await this.statesOf(sorted, partition, view);
    const changed = fold(sorted, states);

    const next: Mark = { topic: TOPICS.activity, partition, offset: last.offset };
    const encoded = new Map([...changed].map(([userId, state]) => [userId, encodeState(state)]));
    await this.store.commit(partition, { expected: view.mark, next, states: encoded });
    view.mark = next;
    view.cache.keep(states);
  }

  async onRevoked(partition: number): Promise<void> {
    this.views.delete(partition);
  }

  onError(err: Error, partition: number | undefined): void {
    const lostPartition = (err as { code?: string }).code === 'mark-conflict';
    this.logger[lostPartition ? 'warn' : 'error']({ err, partition }, 'materialising goes on from the stored mark');
  }

  private async putAside({ dead, toReroute }: SortedRecords): Promise<void> {
    if (toReroute.length > 0) {
      const records = toReroute.map(({ userId, record }) => ({
        key: userId,
        value: record.value,
        timestampMs: record.timestampMs,
      }));
      await this.log.append(TOPICS.activity, records);
      this.logger.warn(
        { recordCount: records.length },
        'records found in a partition that is not their user’s: sent on',
      );
    }
    if (dead.length > 0) {
      const diedAtMs = (this.options.clock ?? Date.now)();
      await this.log.append(
        TOPICS.deadLetters,
        dead.map((entry) => deadLetterOf(entry, diedAtMs)),
      );
      this.logger.warn(
        { recordCount: dead.length, firstCode: dead[0]?.code, firstError: dead[0]?.error },
        'dead letters',
      );
    }
  }

  /**
   * The decoded states of all users of the batch. They are changed in place while the cache still holds them: should
   * the commit fail, the log asks for a resume offset first, and that begins a new cache.
   */
  private async statesOf(
    { toFold }: SortedRecords,
    partition: number,
    { cache }: PartitionView,
  ): Promise<Map<string, UserState>> {
    const states = new Map<string, UserState>();
    const missing = new Set<string>();
    for (const { userId } of toFold) {
      const cached = cache.get(userId);
      if (cached) states.set(userId, cached);
      else missing.add(userId);
    }
    if (missing.size === 0) return states;
    const stored = await this.store.readMany(partition, [...missing]);
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

function deadLetterOf({ record, code, error }: DeadRecord, deadAtMs: number) {
  const letter: DeadLetter = {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    key: Buffer.from(record.key),
    value: Buffer.from(record.value),
    code,
    error,
    deadAtMs,
  };
  return { key: record.key, value: DeadLetter.encode(letter).finish() };
}
