/** The columns of an archived record that come out of its event, for engines that know no protobuf. */
import { Event, TOPICS } from '@watchnext/contract';

/** '' and undefined stand for "not there" and become null. */
export interface FlatEvent {
  /** Index in EVENT_KINDS; 0 for none. */
  kind: number;
  eventId: string;
  userId: string;
  occurredAtMs: number | undefined;
  receivedAtMs: number | undefined;
  videoId: string;
  requestId: string;
  impressionId: string;
  playbackId: string;
  positionSeconds: number | undefined;
}

type Body = NonNullable<Event['body']>;

/** What the column `kind` says, named like the fields of the protobuf. Index 0: no event. */
export const EVENT_KINDS = [
  null,
  'impressions_served',
  'impressions_viewed',
  'watch',
  'search',
  'dismissal',
  'user_upserted',
  'user_merged',
  'user_deleted',
  'video_upserted',
  'video_withdrawn',
] as const;

const KIND_OF: Record<Body['$case'], number> = {
  impressionsServed: 1,
  impressionsViewed: 2,
  watch: 3,
  search: 4,
  dismissal: 5,
  userUpserted: 6,
  userMerged: 7,
  userDeleted: 8,
  videoUpserted: 9,
  videoWithdrawn: 10,
};

const NOTHING: Readonly<FlatEvent> = {
  kind: 0,
  eventId: '',
  userId: '',
  occurredAtMs: undefined,
  receivedAtMs: undefined,
  videoId: '',
  requestId: '',
  impressionId: '',
  playbackId: '',
  positionSeconds: undefined,
};

/** Topics whose records are other messages; decoded as events they would give nonsense instead of an error. */
const TOPICS_WITHOUT_EVENTS: ReadonlySet<string> = new Set([TOPICS.snapshots, TOPICS.deadLetters]);

/** Never throws: a value that is no event has none of these columns, and is archived all the same. */
export function flattenEvent(topic: string, value: Uint8Array): Readonly<FlatEvent> {
  if (TOPICS_WITHOUT_EVENTS.has(topic)) return NOTHING;
  let event: Event;
  try {
    event = Event.decode(value);
  } catch {
    return NOTHING;
  }
  if (event.body === undefined) return NOTHING;
  const flat: FlatEvent = { ...NOTHING };
  flat.kind = KIND_OF[event.body.$case];
  flat.eventId = event.eventId;
  flat.occurredAtMs = event.occurredAtMs;
  flat.receivedAtMs = event.receivedAtMs;
  flattenBody(event.body, flat);
  return flat;
}

function flattenBody(body: Body, flat: FlatEvent): void {
  switch (body.$case) {
    case 'watch':
      flat.userId = body.value.userId;
      flat.videoId = body.value.videoId;
      flat.impressionId = body.value.impressionId;
      flat.playbackId = body.value.playbackId;
      flat.positionSeconds = body.value.positionSeconds;
      break;
    case 'impressionsServed':
    case 'impressionsViewed':
      flat.userId = body.value.userId;
      flat.requestId = body.value.requestId;
      break;
    case 'dismissal':
      flat.userId = body.value.userId;
      flat.videoId = body.value.videoId;
      flat.impressionId = body.value.impressionId;
      break;
    case 'videoUpserted':
    case 'videoWithdrawn':
      flat.videoId = body.value.videoId;
      break;
    default:
      flat.userId = body.value.userId;
  }
}
