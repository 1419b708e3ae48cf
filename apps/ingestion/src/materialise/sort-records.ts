/** What is to be done with each record of the activity topic, before any state is touched. */
import { Event, TOPICS } from '@watchnext/contract';
import { partitionOf, type LogRecord } from '@watchnext/event-log';
import { refuse, userIdOf } from '@watchnext/features';

export interface DeadRecord {
  readonly record: LogRecord;
  readonly code: string;
  readonly error: string;
}

export interface SortedRecords {
  /** In log order. */
  readonly toFold: { readonly userId: string; readonly event: Event }[];
  /** Another partition's, or under a key that is not its user's: to be appended anew under the user's key. */
  readonly toReroute: { readonly userId: string; readonly record: LogRecord }[];
  readonly dead: DeadRecord[];
}

export function sortRecords(records: readonly LogRecord[], partitionCount: number): SortedRecords {
  const sorted: SortedRecords = { toFold: [], toReroute: [], dead: [] };
  for (const record of records) {
    let event: Event;
    try {
      event = Event.decode(record.value);
    } catch (error) {
      sorted.dead.push({ record, code: 'undecodable', error: (error as Error).message });
      continue;
    }
    const refusal = refuse(event, record.timestampMs, TOPICS.activity);
    const userId = userIdOf(event);
    if (refusal) sorted.dead.push({ record, code: refusal.code, error: `${refusal.field}: ${refusal.message}` });
    else if (userId === undefined) sorted.dead.push({ record, code: 'wrong-topic', error: 'the event is of no user' });
    // librdkafka's default partitioner is another one than Java's and ours: its records may lie anywhere.
    else if (record.key !== userId || partitionOf(userId, partitionCount) !== record.partition) {
      sorted.toReroute.push({ userId, record });
    } else sorted.toFold.push({ userId, event });
  }
  return sorted;
}
