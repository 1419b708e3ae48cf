import type { Event, VideoFacts } from '@watchnext/contract';

type Lookup = (videoId: string) => VideoFacts | undefined;

/** Completes the facts of the videos an event is about, where the producer left them out; changes the event. */
export function fillFacts(event: Event, factsOf: Lookup): void {
  const { body } = event;
  if (body?.$case === 'watch') body.value.video = completed(body.value.video, body.value.videoId, factsOf);
  if (body?.$case !== 'impressionsServed') return;
  for (const item of body.value.items) item.video = completed(item.video, item.videoId, factsOf);
}

/** Whatever the producer said stands: it knows what the video was at that moment. */
function completed(given: VideoFacts | undefined, videoId: string, factsOf: Lookup): VideoFacts | undefined {
  if (given && given.channelId && given.topics.length > 0 && given.durationSeconds && given.uploadedAtMs) return given;
  const known = factsOf(videoId);
  if (!known || !given) return known ?? given;
  return {
    channelId: given.channelId || known.channelId,
    topics: given.topics.length > 0 ? given.topics : known.topics,
    durationSeconds: given.durationSeconds || known.durationSeconds,
    uploadedAtMs: given.uploadedAtMs || known.uploadedAtMs,
  };
}
