import { TOPICS, type VideoFacts } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { judgeRecord, LIMITS } from '@watchnext/features';
import { RecentIds } from './recent-ids';
import type { Catalogue } from './replayed-log';
import { SharedFacts } from './shared-facts';

/**
 * Reads the last word on every video, in log order. A producer's retry (same event id) does not undo what came since: it comes within
 * the time for which collectors take one. Records that break the contract are counted and passed over: of this topic nobody makes dead letters.
 */
export async function readCatalogue(
  archive: EventArchive,
  signal: AbortSignal,
): Promise<Catalogue & { refusedCount: number }> {
  const facts = new Map<string, VideoFacts>();
  const shared = new SharedFacts();
  const withdrawn = new Set<string>();
  const eventIds = new Map<number, RecentIds>();
  let refusedCount = 0;
  for await (const records of archive.read(TOPICS.catalog, { order: 'offset' })) {
    signal.throwIfAborted();
    for (const record of records) {
      const { event } = judgeRecord(record);
      if (!event) {
        refusedCount += 1;
        continue;
      }
      let ids = eventIds.get(record.partition);
      if (!ids) eventIds.set(record.partition, (ids = new RecentIds(LIMITS.seenWindowMs)));
      if (ids.hasSeen(event.eventId, record.timestampMs)) continue;
      if (event.body?.$case === 'videoUpserted') {
        const { videoId, video } = event.body.value;
        if (video) facts.set(videoId, shared.of(video));
        withdrawn.delete(videoId);
      } else if (event.body?.$case === 'videoWithdrawn') {
        withdrawn.add(event.body.value.videoId);
      }
    }
  }
  return { facts, withdrawn, refusedCount };
}
