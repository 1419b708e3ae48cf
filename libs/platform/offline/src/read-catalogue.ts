import { Event, TOPICS, type VideoFacts } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { refuse } from '@watchnext/features';
import type { Catalogue } from './replayed-log';

/** Decodes a record's event; undefined for bytes that are none: ingestion has put those among the dead letters. */
function decodeEvent(value: Uint8Array): Event | undefined {
  try {
    return Event.decode(value);
  } catch {
    return undefined;
  }
}

/** Reads the last word on every video, in log order. A producer's retry (same event id) does not undo what came since. */
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
      const event = decodeEvent(record.value);
      if (!event || refuse(event, record.timestampMs)) {
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
