/** Small valid events for specs: what a test does not care about has a plain default. */
import {
  Event,
  type ImpressionItem,
  type ImpressionsServed,
  type VideoFacts,
  type VideoUpserted,
  type Watch,
} from '@watchnext/contract';
import { userIdOf } from '@watchnext/features';
import {
  eventIdAt,
  eventOf as numberedEventOf,
  impressionItem,
  servedBody,
  videoFacts,
  watchBody,
} from '@watchnext/features/testing';

type Body = NonNullable<Event['body']>;

export { eventIdAt as eventIdOf };

let sequence = 0;

/** An envelope around `body`, received when it occurred. */
export const eventOf = (body: Body, atMs: number, overrides: Partial<Omit<Event, 'body'>> = {}): Event => ({
  ...numberedEventOf(body, { atMs, sequence: sequence++ }),
  ...overrides,
});

/** Of the activity topic, whose events have users. */
export const recordOf = (event: Event) => ({ key: userIdOf(event) as string, value: Event.encode(event).finish() });

export const videoFactsOf = (overrides: Partial<VideoFacts> = {}): VideoFacts =>
  videoFacts({ topics: ['topic-1'], uploadedAtMs: 1_700_000_000_000, ...overrides });

export const watchOf = (userId: string, videoId: string, overrides: Partial<Watch> = {}): Body =>
  watchBody({
    userId,
    videoId,
    playbackId: `playback-${userId}-${videoId}`,
    video: videoFactsOf(),
    ...overrides,
  });

export const searchOf = (userId: string, query: string): Body => ({ $case: 'search', value: { userId, query } });

export const userDeletedOf = (userId: string): Body => ({ $case: 'userDeleted', value: { userId } });

export const userExpiredOf = (userId: string, idleSinceMs: number): Body => ({
  $case: 'userExpired',
  value: { userId, idleSinceMs },
});

export const videoUpsertedOf = (videoId: string, overrides: Partial<VideoUpserted> = {}): Body => ({
  $case: 'videoUpserted',
  value: {
    videoId,
    title: `Title of ${videoId}`,
    video: videoFactsOf(),
    thumbnailUrl: '',
    availability: undefined,
    ...overrides,
  },
});

export const impressionItemOf = (videoId: string, overrides: Partial<ImpressionItem> = {}): ImpressionItem =>
  impressionItem({
    impressionId: `impression-${videoId}`,
    videoId,
    video: videoFactsOf(),
    sourceScore: 1,
    ...overrides,
  });

export const impressionsServedOf = (
  userId: string,
  items: ImpressionItem[],
  overrides: Partial<ImpressionsServed> = {},
): Body => servedBody({ userId, requestId: `request-${userId}`, items, ...overrides });
