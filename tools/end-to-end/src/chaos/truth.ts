/** What the states must be: the producer's own list of acknowledged records, folded by the reducer in offset order. */
import { Event, TOPICS, type UserState } from '@watchnext/contract';
import type { RecordPosition } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { applyEvent, encodeState, isNewState, newState, refuse, userIdOf } from '@watchnext/features';
import type { FuzzedRecord } from './event-fuzzer';

/** Users of one page of a listing. */
const LISTED_USERS = 1_000;

export interface Difference {
  readonly partition: number;
  readonly userId: string;
  readonly what: 'missing' | 'unexpected' | 'different';
}

export class Truth {
  private readonly acknowledged: { readonly offset: number; readonly record: FuzzedRecord }[][];
  eventCount = 0;

  constructor(readonly partitionCount: number) {
    this.acknowledged = Array.from({ length: partitionCount }, () => []);
  }

  /**
   * Notes a batch whose append was answered.
   * @throws Error when an offset is not above all those before it: the log would have given one twice
   */
  note(records: readonly FuzzedRecord[], positions: readonly RecordPosition[]): void {
    records.forEach((record, index) => {
      const { partition, offset } = positions[index] as RecordPosition;
      const list = this.acknowledged[partition] as (typeof this.acknowledged)[number];
      const last = list.at(-1)?.offset ?? -1;
      if (offset <= last) throw new Error(`partition ${partition}: offset ${offset} was acknowledged after ${last}`);
      list.push({ offset, record });
    });
    this.eventCount += records.length;
  }

  /** Of each partition, the records acknowledged by offset. */
  recordsOf(partition: number): ReadonlyMap<number, FuzzedRecord> {
    return new Map(this.acknowledged[partition]?.map(({ offset, record }) => [offset, record]));
  }

  /** Encoded states by user id. */
  statesOf(partition: number): Map<string, Uint8Array> {
    const states = new Map<string, UserState>();
    for (const { record } of this.acknowledged[partition] ?? []) {
      const event = foldable(record);
      if (!event) continue;
      const userId = userIdOf(event) as string;
      const state = states.get(userId) ?? newState(userId);
      applyEvent(state, event);
      states.set(userId, state);
    }
    const kept = [...states].filter(([, state]) => !isNewState(state));
    return new Map(kept.map(([userId, state]) => [userId, encodeState(state)]));
  }

  /** Compares every state in the store, byte for byte. */
  async differencesFrom(store: FeatureStore): Promise<Difference[]> {
    const differences: Difference[] = [];
    for (let partition = 0; partition < this.partitionCount; partition++) {
      const expected = this.statesOf(partition);
      const found = await storedStates(store, partition);
      for (const userId of new Set([...expected.keys(), ...found.keys()])) {
        const [want, have] = [expected.get(userId), found.get(userId)];
        if (!want || !have) differences.push({ partition, userId, what: have ? 'unexpected' : 'missing' });
        else if (Buffer.compare(want, have) !== 0) differences.push({ partition, userId, what: 'different' });
      }
    }
    return differences;
  }
}

export async function storedStates(store: FeatureStore, partition: number): Promise<Map<string, Uint8Array>> {
  const states = new Map<string, Uint8Array>();
  for (let afterUserId: string | undefined; ;) {
    const userIds = await store.listUserIds(partition, { afterUserId, limit: LISTED_USERS });
    for (const [userId, state] of await store.readMany(partition, userIds)) states.set(userId, state);
    if (userIds.length < LISTED_USERS) return states;
    afterUserId = userIds.at(-1);
  }
}

/** The event of a record that belongs into a state; undefined for what becomes a dead letter. */
function foldable(record: FuzzedRecord): Event | undefined {
  let event: Event;
  try {
    event = Event.decode(record.value);
  } catch {
    return undefined;
  }
  // Every fuzzed event says when it was received, so that the record's own time does not matter.
  return refuse(event, 0, TOPICS.activity) ? undefined : event;
}
