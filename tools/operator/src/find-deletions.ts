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

/** An anonymous viewer whose history became a deleted user's, or that of a viewer of whom this can be said. */
export interface MergedViewer {
  readonly anonymousUserId: string;
  /** Into whom it was merged itself. */
  readonly userId: string;
  /** How many merges lie between it and the deleted user; 1: it was merged into the user itself. */
  readonly depth: number;
}

interface Merge {
  readonly anonymousUserId: string;
  /** In the partition of the user that it was merged into, as that user's deletion. */
  readonly offset: number;
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
  const merges = new Map<string, Merge[]>();
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
        const { anonymousUserId } = event.body.value;
        const into = merges.get(userId);
        if (into) into.push({ anonymousUserId, offset });
        else merges.set(userId, [{ anonymousUserId, offset }]);
      }
    }
  }
  const chosen = userIds ? new Map([...deletions].filter(([userId]) => userIds.includes(userId))) : deletions;
  const merged = followMerges(merges, [...chosen.keys()], deletions);
  for (const { anonymousUserId } of merged) {
    const own = deletions.get(anonymousUserId);
    if (own) chosen.set(anonymousUserId, own);
  }
  return { deletions: chosen, merged };
}

/**
 * Follows merges to their ends: who was merged into a viewer that was merged into a user is that user as well.
 * A viewer that has no deletion yet is given one that lies behind all that was merged into it.
 */
function followMerges(
  merges: ReadonlyMap<string, readonly Merge[]>,
  userIds: readonly string[],
  deletions: ReadonlyMap<string, Deletion>,
): MergedViewer[] {
  const merged = new Map<string, MergedViewer>();
  const reached = userIds.map((userId) => ({ userId, depth: 0 }));
  for (const { userId, depth } of reached) {
    // Found again further down since.
    if (depth < (merged.get(userId)?.depth ?? 0)) continue;
    const endOffset = deletions.get(userId)?.offset ?? Infinity;
    for (const { anonymousUserId, offset } of merges.get(userId) ?? []) {
      const viewer = { anonymousUserId, userId, depth: depth + 1 };
      const isDeeper = viewer.depth > (merged.get(anonymousUserId)?.depth ?? 0);
      if (offset > endOffset || !isDeeper || isMergedInto(merged, anonymousUserId, userId)) continue;
      merged.set(anonymousUserId, viewer);
      reached.push({ userId: anonymousUserId, depth: viewer.depth });
    }
  }
  return [...merged.values()];
}

/** Whether `userId` was itself merged into that viewer, at whatever distance: a circle has no end to be followed to. */
function isMergedInto(merged: ReadonlyMap<string, MergedViewer>, viewerId: string, userId: string): boolean {
  for (let id: string | undefined = userId; id !== undefined; id = merged.get(id)?.userId)
    if (id === viewerId) return true;
  return false;
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
