/** What is to be done with each record of the activity topic, before any state is touched. */
import { partitionOf, type LogRecord } from '@watchnext/event-log';
import { judgeRecord, type RecordRefusal, userIdOf } from '@watchnext/features';
import type { EventToFold } from './fold-user';

export interface DeadRecord extends RecordRefusal {
  readonly record: LogRecord;
}

export interface SortedRecords {
  /** In log order. */
  readonly toFold: EventToFold[];
  /** Another partition's, or under a key that is not its user's: to be appended anew under the user's key. */
  readonly toReroute: EventToFold[];
  readonly dead: DeadRecord[];
}

/** librdkafka's default partitioner is another one than Java's and ours: its records may lie anywhere. */
export const isMisplaced = (userId: string, { key, partition }: LogRecord, partitionCount: number): boolean =>
  key !== userId || partitionOf(userId, partitionCount) !== partition;

export function sortRecords(records: readonly LogRecord[], partitionCount: number): SortedRecords {
  const sorted: SortedRecords = { toFold: [], toReroute: [], dead: [] };
  for (const record of records) {
    const { event, refusal } = judgeRecord(record);
    if (refusal) {
      sorted.dead.push({ record, ...refusal });
      continue;
    }
    const userId = userIdOf(event);
    if (userId === undefined) sorted.dead.push({ record, code: 'wrong-topic', error: 'the event is of no user' });
    else if (isMisplaced(userId, record, partitionCount)) sorted.toReroute.push({ userId, event, record });
    else sorted.toFold.push({ userId, event, record });
  }
  return sorted;
}
