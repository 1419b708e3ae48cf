/** The columns of an archived record that come out of its event, for engines that know no protobuf. */
import { Event, type ImpressionsServed, TOPICS } from '@watchnext/contract';

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
  /**
   * Of a list: country, device, experiments and whether a place was drawn, separated by tabs, which none of them holds. One
   * cell instead of four, since each costs a call into native code for every record.
   */
  list: string;
  /** Impressions of a list; 0 for none. */
  itemCount: number;
  /** Number of the rung of a list; 0 for none. */
  rung: number;
  /** 0: not measured. */
  latencyMs: number;
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
  'user_expired',
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
  userExpired: 11,
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
  list: '',
  itemCount: 0,
  rung: 0,
  latencyMs: 0,
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
      flat.userId = body.value.userId;
      flat.requestId = body.value.requestId;
      flattenList(body.value, flat);
      break;
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

function flattenList(
  { context, assignments, exploredPlaces, items, rung, latencyMs }: ImpressionsServed,
  flat: FlatEvent,
) {
  const experiments = assignments
    .map(
      ({ experimentId, variantId, overridden }) => `${plain(experimentId)}=${overridden ? '!' : ''}${plain(variantId)}`,
    )
    .join(';');
  flat.list = [
    context?.country ?? '',
    context?.device ?? '',
    experiments,
    exploredPlaces.length > 0 ? 'explored' : '',
  ].join('\t');
  flat.itemCount = items.length;
  flat.rung = rung;
  flat.latencyMs = latencyMs;
}

/** An id as `name=variant;…` can hold it; those of the gateway are so already. */
const plain = (id: string) => id.replace(/[;=!\t]/g, '_');
