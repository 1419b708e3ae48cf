import { type Event, TOPICS } from '@watchnext/contract';
import { LIMITS } from './limits';
import { refuse, refuseSeconds } from './refusal';
import { newState } from './state-codec';
import {
  eventIdAt,
  eventOf,
  impressionItem,
  servedBody,
  SOME_TIME_MS,
  USER_ID,
  videoFacts,
  watchBody,
} from './testing/event-builders';
import { HOUR_MS } from './time';

const AT = { atMs: SOME_TIME_MS, sequence: 1 };
const WATCH = eventOf(watchBody(), AT);

type Body = NonNullable<Event['body']>;
const SOUND: Body[] = [
  watchBody(),
  servedBody({ mark: { topic: TOPICS.activity, partition: 3, offset: -1 } }),
  { $case: 'impressionsViewed', value: { userId: USER_ID, requestId: 'request-1', impressionIds: ['impression-1'] } },
  { $case: 'search', value: { userId: USER_ID, query: 'tabs\tand\nlines are fine' } },
  { $case: 'dismissal', value: { userId: USER_ID, videoId: 'video-1', impressionId: '' } },
  {
    $case: 'userUpserted',
    value: {
      userId: USER_ID,
      profile: { country: 'FR', language: 'fr', ageYears: 30, gender: 1, blockedChannelIds: ['ch'] },
    },
  },
  { $case: 'userMerged', value: { userId: USER_ID, anonymousUserId: 'a', history: newState('a') } },
  { $case: 'userDeleted', value: { userId: USER_ID } },
  { $case: 'userExpired', value: { userId: USER_ID, idleSinceMs: SOME_TIME_MS - LIMITS.seenWindowMs } },
  {
    $case: 'videoUpserted',
    value: {
      videoId: 'video-1',
      title: 'A title',
      video: videoFacts(),
      thumbnailUrl: '',
      availability: { countries: ['FR'], excludedCountries: [], minimumAgeYears: 18 },
    },
  },
  { $case: 'videoWithdrawn', value: { videoId: 'video-1', reason: '' } },
];

function refusalOf(body: Body) {
  const refusal = refuse(eventOf(body, AT), 0);
  return refusal && [refusal.code, refusal.field];
}

describe('refuse', () => {
  it.each(SOUND.map((body) => [body.$case, body] as const))('lets a sound %s in, on its own topic', (kind, body) => {
    const event = eventOf(body, AT);
    const isVideo = kind.startsWith('video');
    expect(refuse(event, 0)).toBeUndefined();
    expect(refuse(event, 0, isVideo ? TOPICS.catalog : TOPICS.activity)).toBeUndefined();
    expect(refuse(event, 0, isVideo ? TOPICS.activity : TOPICS.catalog)?.code).toBe('wrong-topic');
  });

  it('wants an id, a time and a body', () => {
    expect(refuse({ ...WATCH, eventId: '' }, 0)).toMatchObject({ code: 'missing-field', field: 'eventId' });
    expect(refuse({ ...WATCH, eventId: 'x' }, 0)).toMatchObject({ code: 'invalid-field', field: 'eventId' });
    expect(refuse({ ...WATCH, occurredAtMs: 0 }, 0)).toMatchObject({ code: 'missing-field', field: 'occurredAtMs' });
    expect(refuse({ ...WATCH, occurredAtMs: 1.5 }, 0)).toMatchObject({ code: 'invalid-field', field: 'occurredAtMs' });
    expect(refuse({ ...WATCH, body: undefined }, 0)).toMatchObject({ code: 'missing-field', field: 'body' });
  });

  it('refuses what is older than 24 hours when received, unless it is a backfill', () => {
    const receivedAtMs = SOME_TIME_MS + 24 * HOUR_MS;
    expect(refuse({ ...WATCH, receivedAtMs }, 0)).toBeUndefined();
    expect(refuse({ ...WATCH, receivedAtMs: receivedAtMs + 1 }, 0)?.code).toBe('too-old');
    expect(refuse({ ...WATCH, receivedAtMs: receivedAtMs + 1, backfill: true }, 0)).toBeUndefined();
  });

  it('goes by the record’s time where the collector’s is missing', () => {
    const direct = { ...WATCH, receivedAtMs: 0 };
    expect(refuse(direct, SOME_TIME_MS + 1)).toBeUndefined();
    expect(refuse(direct, SOME_TIME_MS + 25 * HOUR_MS)?.code).toBe('too-old');
    expect(refuse(direct, SOME_TIME_MS - HOUR_MS)).toMatchObject({ code: 'invalid-field', field: 'occurredAtMs' });
  });

  it('judges an event that tells its receipt the same whatever time the record has', () => {
    const deletion: Event = { ...WATCH, body: { $case: 'userDeleted', value: { userId: 'user' } } };
    // Of the event, not of the writing; not known; of a log that was restored years later.
    for (const recordMs of [SOME_TIME_MS - 24 * HOUR_MS, 0, -1, SOME_TIME_MS, 2 * SOME_TIME_MS]) {
      for (const event of [WATCH, deletion]) expect(refuse(event, recordMs)).toBeUndefined();
      const ahead = { ...WATCH, occurredAtMs: SOME_TIME_MS + 300_001 };
      expect(refuse(ahead, recordMs)).toMatchObject({ code: 'invalid-field', field: 'occurredAtMs' });
    }
  });

  it('refuses times more than five minutes ahead', () => {
    const ahead = { ...WATCH, occurredAtMs: SOME_TIME_MS + 300_000 };
    expect(refuse(ahead, 0)).toBeUndefined();
    expect(refuse({ ...ahead, occurredAtMs: ahead.occurredAtMs + 1 }, 0)?.field).toBe('occurredAtMs');
    expect(refuse({ ...WATCH, eventId: eventIdAt(SOME_TIME_MS + HOUR_MS, 1) }, 0)?.field).toBe('eventId');
    const context = {
      requestedAtMs: SOME_TIME_MS + HOUR_MS,
      surface: '',
      country: '',
      device: '',
      loggedIn: false,
      seedVideoId: '',
    };
    expect(refusalOf(servedBody({ context }))).toEqual(['invalid-field', 'impressionsServed.context.requestedAtMs']);
  });

  it.each([
    ['', 'missing-field'],
    ['x'.repeat(129), 'invalid-field'],
    ['line\nbreak', 'invalid-field'],
    ['null\u0000', 'invalid-field'],
    ['half \ud83d', 'invalid-field'],
    ['\udc00 half', 'invalid-field'],
  ])('refuses the id %p', (id, code) => {
    expect(refusalOf(watchBody({ videoId: id }))).toEqual([code, 'watch.videoId']);
    expect(refusalOf(watchBody({ userId: id }))).toEqual([code, 'watch.userId']);
    expect(refusalOf(watchBody({ playbackId: id }))).toEqual([code, 'watch.playbackId']);
    const items = [impressionItem(), impressionItem({ videoId: id })];
    expect(refusalOf(servedBody({ items }))).toEqual([code, 'impressionsServed.items[1].videoId']);
  });

  it('lets any other text be an id', () => {
    expect(refusalOf(watchBody({ videoId: '🎬 film/№ 1 '.padEnd(128, 'x') }))).toBeUndefined();
  });

  it.each([NaN, Infinity, -1, 7 * 24 * 3600 + 1])('refuses a position of %d s', (positionSeconds) => {
    expect(refusalOf(watchBody({ positionSeconds }))).toEqual(['invalid-field', 'watch.positionSeconds']);
  });

  it.each([
    ['durationSeconds', { durationSeconds: NaN }],
    ['durationSeconds', { durationSeconds: -0.1 }],
    ['uploadedAtMs', { uploadedAtMs: -1 }],
    ['topics[1]', { topics: ['music', '\n'] }],
    ['topics', { topics: Array.from({ length: 51 }, (_, i) => `topic-${i}`) }],
    ['channelId', { channelId: 'x'.repeat(10_000) }],
  ])('refuses a video with wrong %s', (field, facts) => {
    expect(refusalOf(watchBody({ video: videoFacts(facts) }))).toEqual(['invalid-field', `watch.video.${field}`]);
  });

  it('bounds lists and texts', () => {
    const items = Array.from({ length: 501 }, () => impressionItem());
    expect(refusalOf(servedBody({ items }))).toEqual(['invalid-field', 'impressionsServed.items']);
    expect(refusalOf({ $case: 'search', value: { userId: USER_ID, query: 'x'.repeat(513) } })?.[1]).toBe(
      'search.query',
    );
    expect(refusalOf({ $case: 'search', value: { userId: USER_ID, query: '' } })).toEqual([
      'missing-field',
      'search.query',
    ]);
  });

  it('lets scores be negative, but not infinite', () => {
    expect(refusalOf(servedBody({ items: [impressionItem({ sourceScore: -3 })] }))).toBeUndefined();
    const items = [impressionItem({ sourceScore: Infinity })];
    expect(refusalOf(servedBody({ items }))).toEqual(['invalid-field', 'impressionsServed.items[0].sourceScore']);
  });

  it.each([
    [{ assignments: [{ experimentId: '', variantId: 'a', overridden: false }] }, 'assignments[0].experimentId'],
    [{ latencyMs: -1 }, 'latencyMs'],
    [{ items: [impressionItem({ team: 'a\u0000' })] }, 'items[0].team'],
    [
      { exploredPlaces: [{ position: 0, options: [{ videoId: 'v', score: undefined, probability: 2 }] }] },
      'exploredPlaces[0].options[0].probability',
    ],
    [
      { exploredPlaces: [{ position: 0, options: [{ videoId: 'v', score: NaN, probability: 1 }] }] },
      'exploredPlaces[0].options[0].score',
    ],
  ])('names what is wrong with the record of an experiment', (served, field) => {
    expect(refusalOf(servedBody(served))?.[1]).toBe(`impressionsServed.${field}`);
  });

  it('wants a merged history to be one that a state could hold', () => {
    const merge = (history: Partial<ReturnType<typeof newState>>): Body => ({
      $case: 'userMerged',
      value: { userId: USER_ID, anonymousUserId: 'a', history: { ...newState('a'), ...history } },
    });
    const exposure = { videoId: 'video-1', impressionCount: 1, lastShownAtMs: SOME_TIME_MS + HOUR_MS };
    expect(refusalOf(merge({ exposures: [exposure] }))?.[1]).toBe('userMerged.history.exposures[0].lastShownAtMs');
    expect(refusalOf(merge({ watchCount: NaN }))?.[1]).toBe('userMerged.history.watchCount');
    const affinity = {
      key: 'music',
      watchCount: 1,
      watchSeconds: Infinity,
      lastWatchedAtMs: 0,
      impressionCount: 0,
      lastShownAtMs: 0,
    };
    expect(refusalOf(merge({ topics: [affinity] }))?.[1]).toBe('userMerged.history.topics[0].watchSeconds');
    const search = { tokens: Array.from({ length: 32 }, (_, i) => `${i}`), searchedAtMs: 0 };
    expect(refusalOf(merge({ searches: [search] }))?.[1]).toBe('userMerged.history.searches[0].tokens');
  });

  it('wants an expiry to look back further than ids are remembered', () => {
    const expiry = (idleSinceMs: number, userId = USER_ID): Body => ({
      $case: 'userExpired',
      value: { userId, idleSinceMs },
    });
    const latestMs = SOME_TIME_MS - LIMITS.seenWindowMs;
    expect(refuse(eventOf(expiry(latestMs + 1), AT), 0)).toEqual({
      ...{ code: 'invalid-field', field: 'userExpired.idleSinceMs' },
      message: 'userExpired.idleSinceMs must lie 1450 minutes before the event is received, or more',
    });
    expect(refuse({ ...eventOf(expiry(latestMs + 1), AT), receivedAtMs: SOME_TIME_MS + 1 }, 0)).toBeUndefined();
    expect(refusalOf(expiry(0))).toEqual(['missing-field', 'userExpired.idleSinceMs']);
    for (const idleSinceMs of [-1, 0.5, NaN, 2 * SOME_TIME_MS])
      expect(refusalOf(expiry(idleSinceMs))).toEqual(['invalid-field', 'userExpired.idleSinceMs']);
    expect(refusalOf(expiry(latestMs, ''))).toEqual(['missing-field', 'userExpired.userId']);
  });

  it('never repeats the value in its message', () => {
    const secret = `secret\n${'x'.repeat(10_000)}`;
    expect(refuse(eventOf(watchBody({ videoId: secret }), AT), 0)?.message).not.toContain('secret');
  });
});

describe('refuseSeconds', () => {
  it('asks of a time that is in seconds whether it is, of a backfill too', () => {
    const inSeconds = { ...WATCH, occurredAtMs: Math.floor(SOME_TIME_MS / 1_000) };
    for (const backfill of [false, true])
      expect(refuseSeconds({ ...inSeconds, backfill })).toEqual({
        ...{ code: 'invalid-field', field: 'occurredAtMs' },
        message: "occurredAtMs lies decades before the time of the event's id: are these seconds?",
      });
    expect(refuseSeconds({ ...WATCH, occurredAtMs: Date.UTC(1995, 0), backfill: true })).toBeUndefined();
    expect(refuseSeconds(WATCH)).toBeUndefined();
  });

  it('leaves records that were let in before to states', () => {
    expect(refuse({ ...WATCH, occurredAtMs: Math.floor(SOME_TIME_MS / 1_000), backfill: true }, 0)).toBeUndefined();
  });
});
