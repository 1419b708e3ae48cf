/** One event as proto3 JSON: what is accepted, and its reading. */
import { Event } from '@watchnext/contract';
import {
  FieldError,
  int64,
  isObject,
  list,
  message,
  number,
  oneOfNames,
  snakeCase,
  text,
  truth,
  uint32,
  type JsonType,
} from './json-schema';

const videoFacts = message({ channelId: text, topics: list(text), durationSeconds: number, uploadedAtMs: int64 });

const context = message({
  requestedAtMs: int64,
  surface: text,
  country: text,
  device: text,
  loggedIn: truth,
  seedVideoId: text,
});

// Names in the order of their numbers: 0, 1, 2, …
const rung = oneOfNames([
  'RUNG_UNSPECIFIED',
  'RUNG_FULL',
  'RUNG_RETRIEVAL_ORDER',
  'RUNG_SNAPSHOT_POPULAR',
  'RUNG_MEMORY_POPULAR',
]);
const gender = oneOfNames(['GENDER_UNSPECIFIED', 'GENDER_FEMALE', 'GENDER_MALE', 'GENDER_OTHER']);

const impressionItem = message({
  impressionId: text,
  videoId: text,
  position: uint32,
  video: videoFacts,
  source: text,
  sourceScore: number,
  score: number,
  featuresChecksum: int64,
  propensity: number,
  team: text,
});

/** By the name of the oneof's member. `userMerged.history` is not here: the collector fills it in. */
const kinds: Record<string, JsonType> = {
  impressionsServed: message({
    userId: text,
    requestId: text,
    pageId: text,
    context,
    mark: message({ topic: text, partition: uint32, offset: int64 }),
    snapshotId: text,
    rung,
    rungReason: text,
    items: list(impressionItem),
    experimentId: text,
    variantId: text,
    assignments: list(message({ experimentId: text, variantId: text, overridden: truth })),
    latencyMs: uint32,
    exploredPlaces: list(
      message({ position: uint32, options: list(message({ videoId: text, score: number, probability: number })) }),
    ),
  }),
  impressionsViewed: message({ userId: text, requestId: text, impressionIds: list(text) }),
  watch: message({
    userId: text,
    videoId: text,
    playbackId: text,
    impressionId: text,
    positionSeconds: number,
    video: videoFacts,
    country: text,
    device: text,
  }),
  search: message({ userId: text, query: text }),
  dismissal: message({ userId: text, videoId: text, impressionId: text }),
  userUpserted: message({
    userId: text,
    profile: message({ country: text, language: text, ageYears: uint32, gender, blockedChannelIds: list(text) }),
  }),
  userMerged: message({ userId: text, anonymousUserId: text }),
  userDeleted: message({ userId: text }),
  videoUpserted: message({
    videoId: text,
    title: text,
    video: videoFacts,
    thumbnailUrl: text,
    availability: message({ countries: list(text), excludedCountries: list(text), minimumAgeYears: uint32 }),
  }),
  videoWithdrawn: message({ videoId: text, reason: text }),
};
/** The names of all kinds of event, as in "watch". */
export const KIND_NAMES: readonly string[] = Object.keys(kinds);

/** The envelope and its body. */
export const eventJson = message(
  { eventId: text, occurredAtMs: int64, receivedAtMs: int64, producer: text, backfill: truth, ...kinds },
  'unknown-kind',
);

/** @throws FieldError when `raw` is not exactly one event */
export function readEventJson(raw: unknown): Event {
  eventJson.check(raw, '');
  const given = KIND_NAMES.filter((kind) => holds(raw, kind) || holds(raw, snakeCase(kind)));
  if (given.length === 0)
    throw new FieldError('body', 'missing-field', `an event needs one of ${KIND_NAMES.join(', ')}`);
  if (given.length > 1)
    throw new FieldError(given[1] as string, 'invalid-type', `an event has one body, not ${given.join(' and ')}`);
  return Event.fromJSON(raw);
}

function holds(raw: unknown, name: string): boolean {
  return isObject(raw) && raw[name] !== undefined && raw[name] !== null;
}
