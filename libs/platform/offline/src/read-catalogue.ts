import { TOPICS, type VideoFacts } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { judgeRecord } from '@watchnext/features';
import type { Catalogue } from './replayed-log';

/**
 * Reads the last word on every video, in log order. A producer's retry (same event id) does not undo what came since. Records that
 * break the contract are counted and passed over: of this topic nobody makes dead letters.
 */
export async function readCatalogue(
  archive: EventArchive,
  signal: AbortSignal,
): Promise<Catalogue & { refusedCount: number }> {
  const facts = new Map<string, VideoFacts>();
  const withdrawn = new Set<string>();
  const eventIds = new Set<string>();
  let refusedCount = 0;
  for await (const records of archive.read(TOPICS.catalog, { order: 'offset' })) {
    signal.throwIfAborted();
    for (const record of records) {
      const { event } = judgeRecord(record);
      if (!event) {
        refusedCount += 1;
        continue;
      }
      if (eventIds.has(event.eventId)) continue;
      eventIds.add(event.eventId);
      if (event.body?.$case === 'videoUpserted') {
        const { videoId, video } = event.body.value;
        if (video) facts.set(videoId, video);
        withdrawn.delete(videoId);
      } else if (event.body?.$case === 'videoWithdrawn') {
        withdrawn.add(event.body.value.videoId);
      }
    }
  }
  return { facts, withdrawn, refusedCount };
}
