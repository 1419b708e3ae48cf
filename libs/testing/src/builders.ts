/** Small valid events for specs: what a test does not care about has a plain default. */
import type { Event, ImpressionItem, ImpressionsServed, VideoFacts, VideoUpserted, Watch } from '@watchnext/contract';

type Body = NonNullable<Event['body']>;

/** A UUIDv7 of the moment `atMs` whose other bits are the number `sequence`: the same arguments, the same id. */
export function eventIdOf(atMs: number, sequence: number): string {
  const time = Math.trunc(atMs).toString(16).padStart(12, '0');
  const rest = sequence.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${rest}`;
}

let sequence = 0;

/** An envelope around `body`, received when it occurred. */
export function eventOf(body: Body, atMs: number, overrides: Partial<Omit<Event, 'body'>> = {}): Event {
  return {
    eventId: eventIdOf(atMs, sequence++),
    occurredAtMs: atMs,
    receivedAtMs: atMs,
    producer: 'spec',
    backfill: false,
    body,
    ...overrides,
  };
}

export const videoFactsOf = (overrides: Partial<VideoFacts> = {}): VideoFacts => ({
  channelId: 'channel-1',
  topics: ['topic-1'],
  durationSeconds: 100,
  uploadedAtMs: 1_700_000_000_000,
  ...overrides,
});

export const watchOf = (userId: string, videoId: string, overrides: Partial<Watch> = {}): Body => ({
  $case: 'watch',
  value: {
    userId,
    videoId,
    playbackId: `playback-${userId}-${videoId}`,
    impressionId: '',
    positionSeconds: 60,
    video: videoFactsOf(),
    country: '',
    device: '',
    ...overrides,
  },
});

export const searchOf = (userId: string, query: string): Body => ({ $case: 'search', value: { userId, query } });

export const userDeletedOf = (userId: string): Body => ({ $case: 'userDeleted', value: { userId } });

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

export const impressionItemOf = (videoId: string, overrides: Partial<ImpressionItem> = {}): ImpressionItem => ({
  impressionId: `impression-${videoId}`,
  videoId,
  position: 0,
  video: videoFactsOf(),
  source: 'retrieval',
  sourceScore: 1,
  propensity: 1,
  team: '',
  score: undefined,
  featuresChecksum: undefined,
  ...overrides,
});

export const impressionsServedOf = (
  userId: string,
  items: ImpressionItem[],
  overrides: Partial<ImpressionsServed> = {},
): Body => ({
  $case: 'impressionsServed',
  value: {
    userId,
    requestId: `request-${userId}`,
    pageId: '',
    context: undefined,
    mark: undefined,
    snapshotId: '',
    rung: 1,
    rungReason: '',
    items,
    experimentId: '',
    variantId: '',
    assignments: [],
    latencyMs: 0,
    exploredPlaces: [],
    ...overrides,
  },
});
