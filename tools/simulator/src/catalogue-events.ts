/** Every video of the world as the event of its upload, in the order of the catalogue. */
import type { Event, VideoFacts } from '@watchnext/contract';
import { v7 } from 'uuid';
import { PRODUCER } from './life/story';
import { TOPICS_OF_THE_WORLD } from './topics';
import type { Video, World } from './world';

export function* catalogueEvents(world: World, backfill: boolean): Generator<Event> {
  for (let index = 0; index < world.options.videoCount; index++)
    yield videoUpserted(world, world.viewVideo(index), backfill);
}

/** An upload told when it happens; its id depends on the world's seed and the video only. */
export function videoUpserted(world: World, video: Video, backfill: boolean): Event {
  const random = world.random.fork(`id of the upload of ${video.index}`);
  const atMs = video.uploadedAtMs;
  const bytes = Uint8Array.from({ length: 16 }, () => random.nextInt(256));
  return {
    eventId: v7({ msecs: atMs, random: bytes }),
    occurredAtMs: atMs,
    receivedAtMs: atMs,
    producer: PRODUCER,
    backfill,
    body: {
      $case: 'videoUpserted',
      value: {
        videoId: video.id,
        title: video.title,
        video: factsOf(video),
        thumbnailUrl: '',
        availability: undefined,
      },
    },
  };
}

export function factsOf(video: Video): VideoFacts {
  return {
    channelId: video.channel.id,
    topics: video.topicIndices.map((k) => TOPICS_OF_THE_WORLD[k].name),
    durationSeconds: video.durationSeconds,
    uploadedAtMs: video.uploadedAtMs,
  };
}
