/** What is appended for a record of the archive: the same bytes, unless they hang on where and when the record lay in the old log. */
import { Event, type Mark } from '@watchnext/contract';
import { type NewRecord, partitionOf, type RecordPosition } from '@watchnext/event-log';
import type { SourceRecord } from './source-records';

/** Says of a restored record where it lay. Logs alone have it, archives have no headers. */
const POSITION_HEADER = 'watchnext-restored-from';

export interface Placement {
  readonly topic: string;
  readonly newTopic: string;
  readonly newPartitionCount: number;
  /** Where the last record of a partition up to an offset lies now, of those that came into `newPartition`; -1: there is none. */
  newOffsetOf(partition: number, offset: number, newPartition: number): number;
}

/** The time of the new record is that of its writing: by the old one a log that keeps records for some days would drop it at once. */
export function restoredRecord(source: SourceRecord, key: string, placement: Placement): NewRecord {
  const { partition, offset } = source.record;
  const headers = { [POSITION_HEADER]: `${partition}:${offset}` };
  return { key, value: restoredValue(source, placement), headers };
}

/** Where a record of a log lay before; undefined for one that was not restored. */
export function positionBefore(headers: NewRecord['headers']): RecordPosition | undefined {
  const [, partition, offset] = /^(\d+):(\d+)$/.exec(headers?.[POSITION_HEADER] ?? '') ?? [];
  return partition === undefined ? undefined : { partition: Number(partition), offset: Number(offset) };
}

function restoredValue({ record, event, isSound }: SourceRecord, placement: Placement): Uint8Array {
  if (!event) return record.value;
  // A producer that wrote to the log itself may have left it to the record's time, which is another one now.
  const receivedAtMs = event.receivedAtMs || record.timestampMs;
  let { body } = event;
  if (isSound && body?.$case === 'impressionsServed' && body.value.mark) {
    const mark = restoredMark(body.value.mark, record, body.value.userId, placement);
    if (mark !== body.value.mark) body = { $case: 'impressionsServed', value: { ...body.value, mark } };
  }
  if (receivedAtMs === event.receivedAtMs && body === event.body) return record.value;
  return Event.encode({ ...event, receivedAtMs, body }).finish();
}

/** The mark of the same state in the new log. @returns the mark itself where it says the same there */
function restoredMark(mark: Mark, { partition }: RecordPosition, userId: string, placement: Placement): Mark {
  const { topic, newTopic } = placement;
  if (mark.topic !== topic) return mark;
  const newPartition = partitionOf(userId, placement.newPartitionCount);
  // One of another partition than the user's is of a state of nothing, and is to stay that.
  const isOwn = mark.partition === partition;
  const offset = isOwn ? placement.newOffsetOf(partition, mark.offset, newPartition) : -1;
  const isSame = isOwn ? partition === newPartition && offset === mark.offset : mark.partition !== newPartition;
  return isSame && topic === newTopic ? mark : { topic: newTopic, partition: newPartition, offset };
}
