/**
 * Which events stay out of states, labels and what services remember of the log. The collector, the materialiser, replay and
 * whatever follows a topic all ask this one function, with nothing but the event and the record's timestamp, so they all
 * answer alike; what it lets in, the reducer and the state's encoding can hold exactly.
 */
import { type Event, TOPICS } from '@watchnext/contract';
import { checkBody } from './event-checks';
import { invalid, missing, optionalText, pastTime } from './field-checks';
import { LIMITS } from './limits';
import type { KnownOfEvent, Refusal } from './types';
import { uuidV7TimeMs } from './uuid';

/**
 * Why the event must be kept out, or undefined to let it in. Fields are named as in proto3 JSON
 * ("watch.positionSeconds", "impressionsServed.items[3].videoId").
 *
 * @param recordTimestampMs stands in for `receivedAtMs` when that is 0: a producer that wrote to the log directly. Of an event that tells
 *   its receipt it says nothing: it is another one in a restored log, and old archives have those of all producers (decision 177)
 * @param topic if given, an event that belongs to another topic is refused as "wrong-topic"
 * @param known what whoever decoded the event has found of it; `textsAreSound`: that `isSoundText` is true of all texts that this
 *   looks at, but for the event's id and those of a mark, of assignments and of explored places, and `areSoundFacts` of all facts
 */
export function refuse(
  event: Event,
  recordTimestampMs: number,
  topic?: string,
  known: KnownOfEvent = {},
): Refusal | undefined {
  const receivedAtMs = event.receivedAtMs || recordTimestampMs;
  const latestMs = receivedAtMs + LIMITS.clockAheadMs;
  return (
    checkEnvelope(event, latestMs, known) ??
    checkTopic(event, topic) ??
    checkBody(event.body, latestMs, known.textsAreSound ?? false) ??
    checkAge(event, receivedAtMs, known)
  );
}

function checkEnvelope(
  event: Event,
  latestMs: number,
  { seenEvent, textsAreSound }: KnownOfEvent,
): Refusal | undefined {
  return (
    (seenEvent === undefined ? checkId(event.eventId) : undefined) ??
    (event.occurredAtMs === 0 ? missing('occurredAtMs') : undefined) ??
    (textsAreSound ? undefined : optionalText(event.producer, 'producer')) ??
    pastTime(event.receivedAtMs, 'receivedAtMs', LIMITS.timeMs) ??
    pastTime(event.occurredAtMs, 'occurredAtMs', latestMs)
  );
}

function checkId(eventId: string): Refusal | undefined {
  if (eventId === '') return missing('eventId');
  if (uuidV7TimeMs(eventId) === undefined) return invalid('eventId', 'must be a UUIDv7 in canonical lower case');
  return undefined;
}

function checkTopic(event: Event, topic: string | undefined): Refusal | undefined {
  if (topic === undefined || event.body === undefined) return undefined;
  const kind = event.body.$case;
  const own = kind === 'videoUpserted' || kind === 'videoWithdrawn' ? TOPICS.catalog : TOPICS.activity;
  if (topic === own) return undefined;
  return { code: 'wrong-topic', field: kind, message: `${kind} belongs to ${own}, not here` };
}

/**
 * Of an event that is taken in, whether its time is in seconds. `refuse` does not ask this, as records that were once let in stay
 * in states: a deletion among them holds whatever its time.
 *
 * @param event one that `refuse` lets in
 */
export function refuseSeconds({ eventId, occurredAtMs }: Event): Refusal | undefined {
  // A history may have happened long before its ids were made, but not before the middle of 1970.
  if (!(occurredAtMs < (uuidV7TimeMs(eventId) ?? NaN) / 100)) return undefined;
  return invalid('occurredAtMs', "lies decades before the time of the event's id: are these seconds?");
}

/** Ids are remembered for a day, so an older id could be a repetition that no one can tell any more. */
function checkAge(event: Event, receivedAtMs: number, { seenEvent }: KnownOfEvent): Refusal | undefined {
  if (event.backfill) return undefined;
  const ageMs = receivedAtMs - (seenEvent?.atMs ?? uuidV7TimeMs(event.eventId) ?? NaN);
  if (ageMs > LIMITS.eventAgeMs) {
    const message = `the event's id is ${Math.floor(ageMs / 3_600_000)} hours old; only a backfill may be older than 24`;
    return { code: 'too-old', field: 'eventId', message };
  }
  // An id from the future would stay among the seen ids for as long.
  if (ageMs < -LIMITS.clockAheadMs) return invalid('eventId', 'carries a time in the future');
  return undefined;
}
