/** Whether an archive is that of the system meant, for commands that fold it without looking at the log. */
import { TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { partitionOf, wrongPartitionCount } from '@watchnext/event-log';
import { sortRecords } from '../materialise/sort-records';

export class EmptyArchiveError extends Error {
  constructor() {
    super(
      'the archive is empty: WATCHNEXT_DATA_DIR, or WATCHNEXT_OBJECT_STORE with WATCHNEXT_S3_…, must name a system that has run',
    );
    this.name = 'EmptyArchiveError';
  }
}

/** The share that may lie wrong with nothing where it belongs, as in a replay (user-records.ts): what is sent on is archived later. */
const MOST_NOWHERE = 0.01;

/** @throws EmptyArchiveError; ConfigError where the archive was cut into another number of partitions */
export async function requireArchivedPartitions(archive: EventArchive, partitionCount: number): Promise<void> {
  if ((await archive.partitions(TOPICS.activity)).length === 0) throw new EmptyArchiveError();
  const count = await otherPartitionCount(archive, TOPICS.activity, partitionCount);
  if (count !== undefined) throw wrongPartitionCount(`the archive has ${count} partitions`, count, partitionCount);
}

/**
 * Every record that lies in another partition than its user's was sent on into that one. So where records lie wrong whose
 * right partition the archive has nothing of, it is the number of partitions that is wrong; and then many do.
 *
 * @param signal aborted, it ends with the signal's reason
 * @returns the number that the archive was cut into, where it is not `partitionCount`
 */
export async function otherPartitionCount(
  archive: EventArchive,
  topic: string,
  partitionCount: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const there = new Set(await archive.partitions(topic));
  const count = Math.max(...there) + 1;
  if (count > partitionCount) return count;
  // Nothing can be found then, and nothing is read.
  if (there.size === partitionCount) return undefined;
  let recordCount = 0;
  let nowhereCount = 0;
  for await (const records of archive.read(topic, { order: 'offset' })) {
    signal?.throwIfAborted();
    // Those of another version of the topic are judged as if they were of this one.
    const judged = records.map((record) => ({ ...record, topic: TOPICS.activity }));
    const { toReroute } = sortRecords(judged, partitionCount);
    recordCount += records.length;
    nowhereCount += toReroute.filter(({ userId }) => !there.has(partitionOf(userId, partitionCount))).length;
  }
  return nowhereCount > MOST_NOWHERE * recordCount ? count : undefined;
}
