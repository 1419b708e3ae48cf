/** Events as viewers make them, encoded beforehand, and the sending of them over HTTP. */
import { Event, EventBatch } from '@watchnext/contract';
import { createRandom } from '@watchnext/learning';
import { newEventId } from '@watchnext/producer-client';

export interface LoadOptions {
  readonly eventCount: number;
  readonly userCount: number;
  readonly batchEvents: number;
  readonly seed: number;
}

export interface Load {
  /** Bodies for POST /v1/events. */
  readonly bodies: readonly Uint8Array[];
  /** The same events as records. */
  readonly records: readonly { readonly key: string; readonly value: Buffer }[];
  readonly meanEventBytes: number;
}

const VIDEO_COUNT = 20_000;
/** Of ten events six are parts of watches, two are lists of ten, one is a search, one a dismissal. */
const KINDS = [
  'watch',
  'watch',
  'watch',
  'watch',
  'watch',
  'watch',
  'served',
  'served',
  'search',
  'dismissal',
] as const;
const LIST_ITEMS = 10;

export function makeLoad({ eventCount, userCount, batchEvents, seed }: LoadOptions): Load {
  const random = createRandom(seed);
  const bodies: Uint8Array[] = [];
  const records: { key: string; value: Buffer }[] = [];
  let bytes = 0;
  for (let from = 0; from < eventCount; from += batchEvents) {
    const events: Event[] = [];
    for (let i = from; i < Math.min(eventCount, from + batchEvents); i++) {
      const userId = `user-${random.nextInt(userCount)}`;
      const event = makeEvent(userId, i, random.nextInt(VIDEO_COUNT), KINDS[random.nextInt(KINDS.length)] ?? 'watch');
      const value = Buffer.from(Event.encode(event).finish());
      bytes += value.length;
      events.push(event);
      records.push({ key: userId, value });
    }
    bodies.push(EventBatch.encode({ events }).finish());
  }
  return { bodies, records, meanEventBytes: Math.round(bytes / eventCount) };
}

export function makeEvent(userId: string, sequence: number, video: number, kind: (typeof KINDS)[number]): Event {
  const nowMs = Date.now();
  const envelope = { eventId: newEventId(nowMs), occurredAtMs: nowMs, receivedAtMs: nowMs, producer: 'bench' };
  const videoId = `video-${video}`;
  switch (kind) {
    case 'watch': {
      const playbackId = `playback-${Math.floor(sequence / 3)}`;
      const value = { userId, videoId, playbackId, positionSeconds: 10 + (sequence % 50), video: factsOf(video) };
      return Event.fromPartial({ ...envelope, body: { $case: 'watch', value } });
    }
    case 'served': {
      const items = Array.from({ length: LIST_ITEMS }, (_, position) => {
        const shown = (video + position * 37) % VIDEO_COUNT;
        const impressionId = `impression-${sequence}-${position}`;
        return {
          impressionId,
          videoId: `video-${shown}`,
          position,
          video: factsOf(shown),
          source: 'retrieval',
          propensity: 1,
          team: '',
        };
      });
      const value = { userId, requestId: `request-${sequence}`, items };
      return Event.fromPartial({ ...envelope, body: { $case: 'impressionsServed', value } });
    }
    case 'search':
      return Event.fromPartial({
        ...envelope,
        body: { $case: 'search', value: { userId, query: `how to find ${video}` } },
      });
    case 'dismissal':
      return Event.fromPartial({ ...envelope, body: { $case: 'dismissal', value: { userId, videoId } } });
  }
}

/** Posts all bodies, `concurrency` at a time. @throws when one is not accepted as a whole */
export async function postAll(url: string, bodies: readonly Uint8Array[], concurrency: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let body = bodies[next++]; body; body = bodies[next++]) await postBatch(url, body);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** By `fetch` itself, of bodies encoded before: what a client does would be timed as well. */
export async function postBatch(url: string, body: Uint8Array): Promise<void> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: body as Uint8Array<ArrayBuffer>,
  });
  const answer = await response.text();
  if (!response.ok || answer.includes('"rejected"')) {
    throw new Error(`the collector answered ${response.status}: ${answer.slice(0, 300)}`);
  }
}

function factsOf(video: number) {
  return {
    channelId: `channel-${video % 500}`,
    topics: [`topic-${video % 40}`, `topic-${video % 7}`],
    durationSeconds: 60 + (video % 600),
    uploadedAtMs: 1_790_000_000_000,
  };
}
