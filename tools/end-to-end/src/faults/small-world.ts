/** A catalogue and snapshots of it that take no training: what is measured is what is answered, not how well. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import { HOUR_MS } from '@watchnext/features';
import { newEventId } from '@watchnext/producer-client';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { type WriteFiles, writeCandidateFiles, writeRankingFiles } from '@watchnext/testing/snapshots';

type SmallVideo = (typeof VIDEOS)[number];

const VIDEOS = Array.from({ length: 300 }, (_, index) => ({
  videoId: `video-${index}`,
  channelId: `channel-${index % 40}`,
  topics: [`topic-${index % 12}`],
  durationSeconds: 60 + (index % 20) * 15,
  uploadedAtMs: Date.now() - (index + 1) * HOUR_MS,
}));

/** The `index`th of the videos that there are from the start. */
export const videoIdAt = (index: number) => (VIDEOS[index % VIDEOS.length] as SmallVideo).videoId;

export function tellCatalogue(log: EventLog): Promise<void> {
  return tell(log, VIDEOS);
}

/** One more, just uploaded. */
export function tellVideo(log: EventLog, videoId: string): Promise<void> {
  return tell(log, [{ ...(VIDEOS[0] as SmallVideo), videoId, uploadedAtMs: Date.now() }]);
}

async function tell(log: EventLog, videos: readonly SmallVideo[]): Promise<void> {
  const records = videos.map(({ videoId, ...video }) => {
    const event = Event.fromPartial({
      eventId: newEventId(),
      occurredAtMs: Date.now(),
      receivedAtMs: Date.now(),
      producer: 'faults',
      body: { $case: 'videoUpserted', value: { videoId, title: videoId, video } },
    });
    return { key: videoId, value: Event.encode(event).finish() };
  });
  await log.append(TOPICS.catalog, records);
}

export const writeSmallSnapshot: WriteFiles = async (directory) => {
  await writeRankingFiles(directory, { videos: VIDEOS, seed: 1 });
  const popular = VIDEOS.slice(0, 100).map(({ videoId, ...video }, rank) => ({
    videoId,
    score: 1 / (1 + rank),
    video,
  }));
  await writeFile(join(directory, SNAPSHOT_FILES.popular), JSON.stringify({ popular, fresh: [] }));
  return writeCandidateFiles(directory, { videoIds: VIDEOS.map(({ videoId }) => videoId), seed: 1 });
};
