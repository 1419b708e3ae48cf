/**
 * Short ways to write events in specs, the one place that lists their fields: `@watchnext/testing` has others over these. Ids are
 * UUIDv7s of the time given, numbered so that they differ.
 */
import type { Event, ImpressionItem, ImpressionsServed, VideoFacts, Watch } from '@watchnext/contract';

export const SOME_TIME_MS = Date.UTC(2026, 10, 2, 12);
export const USER_ID = 'user-1';

/** A UUIDv7 that carries `atMs`, different for each `sequence` below 2^48: the same arguments, the same id. */
export function eventIdAt(atMs: number, sequence: number): string {
  const time = Math.trunc(atMs).toString(16).padStart(12, '0');
  const tail = sequence.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`;
}

export interface EventOptions {
  readonly atMs: number;
  readonly sequence: number;
  readonly receivedAtMs?: number;
  readonly backfill?: boolean;
}

export function eventOf(body: NonNullable<Event['body']>, options: EventOptions): Event {
  const { atMs, sequence, receivedAtMs = atMs, backfill = false } = options;
  return { eventId: eventIdAt(atMs, sequence), occurredAtMs: atMs, receivedAtMs, producer: 'spec', backfill, body };
}

export function videoFacts(facts: Partial<VideoFacts> = {}): VideoFacts {
  return {
    channelId: 'channel-1',
    topics: ['music'],
    durationSeconds: 100,
    uploadedAtMs: SOME_TIME_MS - 86_400_000,
    ...facts,
  };
}

export function watchBody(watch: Partial<Watch> = {}): { $case: 'watch'; value: Watch } {
  const value: Watch = {
    userId: USER_ID,
    videoId: 'video-1',
    playbackId: 'playback-1',
    impressionId: '',
    positionSeconds: 60,
    video: videoFacts(),
    country: '',
    device: '',
    ...watch,
  };
  return { $case: 'watch', value };
}

export function impressionItem(item: Partial<ImpressionItem> = {}): ImpressionItem {
  return {
    impressionId: 'impression-1',
    videoId: 'video-1',
    position: 0,
    video: videoFacts(),
    source: 'retrieval',
    sourceScore: 0.5,
    score: undefined,
    featuresChecksum: undefined,
    propensity: 1,
    team: '',
    ...item,
  };
}

export function servedBody(served: Partial<ImpressionsServed> = {}): {
  $case: 'impressionsServed';
  value: ImpressionsServed;
} {
  const value: ImpressionsServed = {
    userId: USER_ID,
    requestId: 'request-1',
    pageId: '',
    context: undefined,
    mark: undefined,
    snapshotId: '',
    rung: 1,
    rungReason: '',
    items: [impressionItem()],
    experimentId: '',
    variantId: '',
    assignments: [],
    latencyMs: 0,
    exploredPlaces: [],
    ...served,
  };
  return { $case: 'impressionsServed', value };
}
