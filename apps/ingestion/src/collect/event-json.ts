/** One event as proto3 JSON: what is accepted, and its reading. */
import { Event, impressionIdOf } from '@watchnext/contract';
import { LIMITS } from '@watchnext/features';
import { EVENT_COMMENTS } from './event-comments';
import {
  FieldError,
  int64,
  isObject,
  list,
  message as plainMessage,
  number,
  oneOfNames,
  ruled,
  snakeCase,
  text,
  truth,
  uint32,
  type JsonType,
} from './json-schema';

const message = (name: string, fields: Record<string, JsonType>, required: readonly string[] = []) =>
  plainMessage(name, fields, { comments: EVENT_COMMENTS, required });

const label = ruled(text, { maxLength: LIMITS.idCharacters });
const id = ruled(label, { minLength: 1 });
const note = ruled(text, { maxLength: LIMITS.reasonCharacters });
const country = ruled(text, { pattern: '^([A-Za-z]{2})?$' });
const countries = list(ruled(country, { pattern: '^[A-Za-z]{2}$' }), LIMITS.countriesPerVideo);
const timeMs = ruled(int64, { minimum: 0, maximum: LIMITS.timeMs });
const atMost = (maximum: number) => ruled(number, { minimum: 0, maximum });
const years = ruled(uint32, { maximum: LIMITS.ageYears });

const videoFacts = message('VideoFacts', {
  channelId: label,
  topics: list(id, LIMITS.topicsPerVideo),
  durationSeconds: atMost(LIMITS.durationSeconds),
  uploadedAtMs: timeMs,
});

const context = message('RequestContext', {
  requestedAtMs: timeMs,
  surface: label,
  country,
  device: label,
  loggedIn: truth,
  seedVideoId: label,
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

const impressionItem = message(
  'ImpressionItem',
  {
    impressionId: id,
    videoId: id,
    position: uint32,
    video: videoFacts,
    source: label,
    sourceScore: number,
    score: ruled(number, { minimum: 0 }),
    featuresChecksum: ruled(int64, { minimum: 0 }),
    propensity: atMost(1),
    team: label,
  },
  ['impressionId', 'videoId'],
);

const assignment = message('ExperimentAssignment', { experimentId: id, variantId: label, overridden: truth }, [
  'experimentId',
]);
const option = message('ExplorationOption', { videoId: id, score: number, probability: atMost(1) }, ['videoId']);
const exploredPlace = message('ExploredPlace', {
  position: uint32,
  options: list(option, LIMITS.itemsPerImpressionsServed),
});

/** By the name of the oneof's member. `userMerged.history` is not here: the collector fills it in. */
const kinds: Record<string, JsonType> = {
  impressionsServed: message(
    'ImpressionsServed',
    {
      userId: id,
      requestId: id,
      pageId: label,
      context,
      mark: message('Mark', { topic: id, partition: uint32, offset: ruled(int64, { minimum: -1 }) }, ['topic']),
      snapshotId: label,
      rung,
      rungReason: note,
      items: list(impressionItem, LIMITS.itemsPerImpressionsServed),
      experimentId: label,
      variantId: label,
      assignments: list(assignment, LIMITS.assignmentsPerImpressionsServed),
      latencyMs: uint32,
      exploredPlaces: list(exploredPlace, LIMITS.itemsPerImpressionsServed),
    },
    ['userId', 'requestId'],
  ),
  impressionsViewed: message(
    'ImpressionsViewed',
    { userId: id, requestId: id, impressionIds: list(id, LIMITS.itemsPerImpressionsServed) },
    ['userId', 'requestId'],
  ),
  watch: message(
    'Watch',
    {
      userId: id,
      videoId: id,
      playbackId: id,
      impressionId: label,
      positionSeconds: atMost(LIMITS.positionSeconds),
      video: videoFacts,
      country,
      device: label,
    },
    ['userId', 'videoId', 'playbackId'],
  ),
  search: message('Search', { userId: id, query: ruled(text, { minLength: 1, maxLength: LIMITS.queryCharacters }) }, [
    'userId',
    'query',
  ]),
  dismissal: message('Dismissal', { userId: id, videoId: id, impressionId: label }, ['userId', 'videoId']),
  userUpserted: message(
    'UserUpserted',
    {
      userId: id,
      profile: message('Profile', {
        country,
        language: label,
        ageYears: years,
        gender,
        blockedChannelIds: list(id, LIMITS.blockedChannels),
      }),
    },
    ['userId'],
  ),
  userMerged: message('UserMerged', { userId: id, anonymousUserId: id }, ['userId', 'anonymousUserId']),
  userDeleted: message('UserDeleted', { userId: id }, ['userId']),
  userExpired: message('UserExpired', { userId: id, idleSinceMs: timeMs }, ['userId', 'idleSinceMs']),
  videoUpserted: message(
    'VideoUpserted',
    {
      videoId: id,
      title: note,
      video: videoFacts,
      thumbnailUrl: note,
      availability: message('Availability', { countries, excludedCountries: countries, minimumAgeYears: years }),
    },
    ['videoId'],
  ),
  videoWithdrawn: message('VideoWithdrawn', { videoId: id, reason: note }, ['videoId']),
};
/** The names of all kinds of event, as in "watch". */
export const KIND_NAMES: readonly string[] = Object.keys(kinds);

const envelope = plainMessage(
  'Event',
  {
    eventId: ruled(text, { format: 'uuid' }),
    occurredAtMs: timeMs,
    receivedAtMs: ruled(timeMs, { readOnly: true }),
    producer: label,
    backfill: truth,
    ...kinds,
  },
  { comments: EVENT_COMMENTS, required: ['eventId', 'occurredAtMs'], unknownCode: 'unknown-kind' },
);

/** The envelope and its body. */
export const eventJson = ruled(envelope, {
  oneOf: KIND_NAMES.map((kind) => ({ title: kind, required: [kind] })),
  example: {
    eventId: '019b76da-a800-7c3e-9a51-3f5b8f6f0c11',
    occurredAtMs: 1_767_225_600_000,
    producer: 'my-player',
    watch: {
      userId: 'u1',
      videoId: 'v17',
      playbackId: 'p1',
      impressionId: impressionIdOf('019b76da-9c48-7a11-8d2f-5d0c1b7e4a90', 0),
      positionSeconds: 30,
      country: 'DE',
    },
  },
});

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
