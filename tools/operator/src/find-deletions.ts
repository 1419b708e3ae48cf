/** Who is to be forgotten, as the archive tells. */
import { Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { partitionOf, type LogRecord } from '@watchnext/event-log';
import { refuse, userIdOf } from '@watchnext/features';

/** A user's last deletion: what the log has of the user before it is to go. */
export interface Deletion {
  readonly userId: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
}

/** An anonymous viewer whose history became a deleted user's. */
export interface MergedViewer {
  readonly anonymousUserId: string;
  readonly userId: string;
}

export interface FoundDeletions {
  /** Of those who are to be forgotten, viewers included that have one of their own already. */
  readonly deletions: Map<string, Deletion>;
  /** All of them, with a deletion of their own or without. */
  readonly merged: MergedViewer[];
}

/** @param userIds only these; default: everyone who was deleted */
export async function findDeletions(
  archive: EventArchive,
  partitionCount: number,
  userIds?: readonly string[],
): Promise<FoundDeletions> {
  const deletions = new Map<string, Deletion>();
  const merges: { userId: string; anonymousUserId: string; offset: number }[] = [];
  for await (const records of archive.read(TOPICS.activity, { order: 'offset' })) {
    for (const record of records) {
      const event = decode(record);
      const kind = event?.body?.$case;
      if (!event || (kind !== 'userDeleted' && kind !== 'userMerged')) continue;
      const userId = userIdOf(event) as string;
      // A record that lies wrong was sent on; one that was refused has deleted nobody.
      const isInPlace = record.key === userId && partitionOf(userId, partitionCount) === record.partition;
      if (!isInPlace || refuse(event, record.timestampMs, TOPICS.activity)) continue;
      const { partition, offset, timestampMs } = record;
      if (kind === 'userDeleted') deletions.set(userId, { userId, partition, offset, timestampMs });
      else if (event.body?.$case === 'userMerged') {
        merges.push({ userId, anonymousUserId: event.body.value.anonymousUserId, offset });
      }
    }
  }
  const chosen = userIds ? new Map([...deletions].filter(([userId]) => userIds.includes(userId))) : deletions;
  const merged = new Map<string, MergedViewer>();
  for (const { userId, anonymousUserId, offset } of merges) {
    const deletion = chosen.get(userId);
    if (!deletion || offset > deletion.offset) continue;
    const own = deletions.get(anonymousUserId);
    if (own) chosen.set(anonymousUserId, own);
    merged.set(anonymousUserId, { anonymousUserId, userId });
  }
  return { deletions: chosen, merged: [...merged.values()] };
}

/** The deleted user whose record this is, if it lies before the deletion. */
export function forgottenUserOf(deletions: ReadonlyMap<string, Deletion>, record: LogRecord): string | undefined {
  const byKey = deletions.get(record.key);
  if (byKey && isBefore(record, byKey)) return byKey.userId;
  const userId = userIdIn(record);
  const byEvent = userId === undefined || userId === record.key ? undefined : deletions.get(userId);
  return byEvent && isBefore(record, byEvent) ? byEvent.userId : undefined;
}

/** A record in another partition, where a foreign partitioner had put it, has only its time to go by. */
function isBefore(record: LogRecord, deletion: Deletion): boolean {
  if (record.partition === deletion.partition) return record.offset < deletion.offset;
  return record.timestampMs <= deletion.timestampMs;
}

function userIdIn(record: LogRecord): string | undefined {
  const event = decode(record);
  return event && userIdOf(event);
}

function decode({ value }: Pick<LogRecord, 'value'>): Event | undefined {
  try {
    return Event.decode(value);
  } catch {
    return undefined;
  }
}
