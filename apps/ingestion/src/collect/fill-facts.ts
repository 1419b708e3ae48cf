import type { Event, VideoFacts } from '@watchnext/contract';

type Lookup = (videoId: string) => VideoFacts | undefined;

/**
 * Completes the facts of the videos an event is about, where the producer left them out; changes the event.
 * @returns whether all of these videos were known: facts are written once, so what is missing now stays so in states and training
 */
export function fillFacts(event: Event, factsOf: Lookup): boolean {
  const { body } = event;
  if (body?.$case === 'watch') return fill(body.value, factsOf);
  if (body?.$case !== 'impressionsServed') return true;
  let areKnown = true;
  for (const item of body.value.items) areKnown = fill(item, factsOf) && areKnown;
  return areKnown;
}

/** Whatever the producer said stands: it knows what the video was at that moment. */
function fill(of: { readonly videoId: string; video?: VideoFacts | undefined }, factsOf: Lookup): boolean {
  const { video: given } = of;
  if (given && given.channelId && given.topics.length > 0 && given.durationSeconds && given.uploadedAtMs) return true;
  const known = factsOf(of.videoId);
  if (!known) return false;
  of.video = given
    ? {
        channelId: given.channelId || known.channelId,
        topics: given.topics.length > 0 ? given.topics : known.topics,
        durationSeconds: given.durationSeconds || known.durationSeconds,
        uploadedAtMs: given.uploadedAtMs || known.uploadedAtMs,
      }
    : known;
  return true;
}
