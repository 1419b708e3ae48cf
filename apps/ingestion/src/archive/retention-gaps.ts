/** What retention deleted from the log before it was archived. Such a partition stands still until somebody gives it up. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventArchive } from '@watchnext/event-archive';
import type { EventLog } from '@watchnext/event-log';

export interface RetentionGap {
  readonly topic: string;
  readonly partition: number;
  /** The first and the last offset that neither archive nor log has. */
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/**
 * Gaps that are still there `settleMs` later: an archiver that is not stuck may hold in memory what the log has deleted since, and
 * has written it by then.
 *
 * @param onWait told before it waits
 */
export async function findRetentionGaps(
  log: Pick<EventLog, 'bounds'>,
  archive: EventArchive,
  topic: string,
  settleMs: number,
  onWait: () => void = () => undefined,
): Promise<RetentionGap[]> {
  const before = await gapsNow(log, archive, topic);
  if (before.length === 0) return before;
  onWait();
  await sleep(settleMs);
  const after = await gapsNow(log, archive, topic);
  return after.filter(({ partition, firstOffset }) =>
    before.some((gap) => gap.partition === partition && gap.firstOffset === firstOffset),
  );
}

/** Accounts for the gap in the archive, by a file without records: archiving goes on behind it, and readers pass it. */
export async function acceptRetentionGap(archive: EventArchive, gap: RetentionGap): Promise<void> {
  const { topic, partition, firstOffset, lastOffset } = gap;
  await archive.write(topic, partition, [], { firstOffset, nextOffset: lastOffset + 1 });
}

/** An archive that has nothing of a partition begins at what the log holds. */
async function gapsNow(log: Pick<EventLog, 'bounds'>, archive: EventArchive, topic: string): Promise<RetentionGap[]> {
  const gaps: RetentionGap[] = [];
  for (const { partition, firstOffset } of await log.bounds(topic)) {
    const archivedTo = await archive.nextOffset(topic, partition);
    if (archivedTo === undefined || archivedTo >= firstOffset) continue;
    gaps.push({ topic, partition, firstOffset: archivedTo, lastOffset: firstOffset - 1 });
  }
  return gaps;
}
