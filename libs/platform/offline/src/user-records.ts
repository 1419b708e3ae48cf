import type { Event } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import { partitionOf } from '@watchnext/event-log';
import { type UserRecord, userIdOf } from '@watchnext/features';
import { eventDecoder } from './event-decoder';

/** One user's records in log order. */
export interface UserRecords {
  readonly userId: string;
  readonly records: readonly UserRecord[];
}

/** What was read so far, and what of it was left out. */
export interface ReadCounts {
  recordCount: number;
  /** Bytes that are no event; they are among the dead letters. */
  undecodableCount: number;
  /** Under a key that is not their user's, or in a partition that is not their key's: the materialiser has sent them on. */
  misplacedCount: number;
}

/**
 * Streams the archive user by user: it comes sorted by partition, key and offset, so a user is a run of records and only
 * one user is in memory at a time.
 */
export async function* readUserRecords(
  archive: EventArchive,
  topic: string,
  partitionCount: number,
  counts: ReadCounts,
  signal: AbortSignal,
): AsyncGenerator<UserRecords> {
  let userId: string | undefined;
  let partition: number | undefined;
  let inItsPartition = true;
  let records: UserRecord[] = [];
  const decode = eventDecoder();
  for await (const batch of archive.read(topic, { order: 'key' })) {
    signal.throwIfAborted();
    for (const record of batch) {
      if (record.key !== userId || record.partition !== partition) {
        if (userId !== undefined && records.length > 0) yield { userId, records };
        userId = record.key;
        partition = record.partition;
        records = [];
        inItsPartition = partitionOf(record.key, partitionCount) === record.partition;
      }
      counts.recordCount += 1;
      if (!inItsPartition) counts.misplacedCount += 1;
      else {
        const decoded = decodeRecord(record, decode);
        if (!decoded) counts.undecodableCount += 1;
        else if (userIdOf(decoded.event) !== record.key) counts.misplacedCount += 1;
        else records.push(decoded);
      }
    }
  }
  if (userId !== undefined && records.length > 0) yield { userId, records };
}

/** A producer that wrote to the log itself may leave the time of receipt to the record. */
function decodeRecord(record: LogRecord, decode: (bytes: Uint8Array) => Event): UserRecord | undefined {
  let event: Event;
  try {
    event = decode(record.value);
  } catch {
    return undefined;
  }
  event.receivedAtMs ||= record.timestampMs;
  return { topic: record.topic, partition: record.partition, offset: record.offset, event };
}
