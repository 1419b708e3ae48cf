/** Events as producers write them: what a caller leaves out gets protobuf's default, and every event gets its id. */
import {
  type Dismissal,
  Event,
  type ImpressionsServed,
  type ImpressionsViewed,
  type Search,
  type UserDeleted,
  type UserExpired,
  type UserMerged,
  type UserUpserted,
  type VideoUpserted,
  type VideoWithdrawn,
  type Watch,
} from '@watchnext/contract';
import { v7 } from 'uuid';

export type EventBody = NonNullable<Event['body']>;
type EventKind = EventBody['$case'];

/** Fields of a message of which any may be left out, at every depth. */
export type PartialMessage<T> = T extends readonly (infer Item)[]
  ? PartialMessage<Item>[]
  : T extends Uint8Array
    ? T
    : T extends object
      ? { [Field in keyof T]?: PartialMessage<T[Field]> }
      : T;

export interface EventOptions {
  /** When it happened, milliseconds since the epoch; default: now. */
  readonly occurredAtMs?: number;
  /** History loaded after the fact, exempt from the rule that events older than 24 hours are refused. */
  readonly backfill?: boolean;
  /** Name of the producing program; default: the client's. */
  readonly producer?: string;
  /** A UUIDv7, for producers that must come to the same id again; default: a new one. */
  readonly eventId?: string;
}

/** A UUIDv7 whose time is `atMs` (default: now). Ids of different milliseconds sort by it. */
export function newEventId(atMs: number = Date.now()): string {
  return v7({ msecs: Math.max(0, Math.floor(atMs)) });
}

/**
 * An event around any body. `received_at_ms` is left to the collector.
 *
 *   createEvent({ $case: 'search', value: { userId: 'anna', query: 'lighthouse' } })
 */
export function createEvent(
  body: { [K in EventKind]: { $case: K; value: PartialMessage<Extract<EventBody, { $case: K }>['value']> } }[EventKind],
  options: EventOptions = {},
): Event {
  const occurredAtMs = options.occurredAtMs ?? Date.now();
  return Event.fromPartial({
    eventId: options.eventId ?? newEventId(occurredAtMs),
    occurredAtMs,
    producer: options.producer ?? '',
    backfill: options.backfill ?? false,
    body: body as EventBody,
  });
}

/** Progress of a playback: call with the same `playbackId` and a larger `positionSeconds` as it goes on. */
export const watchEvent = (value: PartialMessage<Watch>, options?: EventOptions): Event =>
  createEvent({ $case: 'watch', value }, options);

export const impressionsServedEvent = (value: PartialMessage<ImpressionsServed>, options?: EventOptions): Event =>
  createEvent({ $case: 'impressionsServed', value }, options);

export const impressionsViewedEvent = (value: PartialMessage<ImpressionsViewed>, options?: EventOptions): Event =>
  createEvent({ $case: 'impressionsViewed', value }, options);

export const searchEvent = (value: PartialMessage<Search>, options?: EventOptions): Event =>
  createEvent({ $case: 'search', value }, options);

export const dismissalEvent = (value: PartialMessage<Dismissal>, options?: EventOptions): Event =>
  createEvent({ $case: 'dismissal', value }, options);

export const userUpsertedEvent = (value: PartialMessage<UserUpserted>, options?: EventOptions): Event =>
  createEvent({ $case: 'userUpserted', value }, options);

export const userMergedEvent = (value: PartialMessage<UserMerged>, options?: EventOptions): Event =>
  createEvent({ $case: 'userMerged', value }, options);

export const userDeletedEvent = (value: PartialMessage<UserDeleted>, options?: EventOptions): Event =>
  createEvent({ $case: 'userDeleted', value }, options);

export const userExpiredEvent = (value: PartialMessage<UserExpired>, options?: EventOptions): Event =>
  createEvent({ $case: 'userExpired', value }, options);

export const videoUpsertedEvent = (value: PartialMessage<VideoUpserted>, options?: EventOptions): Event =>
  createEvent({ $case: 'videoUpserted', value }, options);

export const videoWithdrawnEvent = (value: PartialMessage<VideoWithdrawn>, options?: EventOptions): Event =>
  createEvent({ $case: 'videoWithdrawn', value }, options);
