import { Event, type ImpressionsServed } from '@watchnext/contract';
import {
  eventOf,
  impressionItemOf,
  impressionsServedOf,
  searchOf,
  userDeletedOf,
  userExpiredOf,
  videoFactsOf,
  videoUpsertedOf,
  watchOf,
} from '@watchnext/testing';
import fc from 'fast-check';
import { readEventJson } from './event-json';
import { FieldError, snakeCase } from './json-schema';

const AT_MS = 1_790_000_000_000;
type Body = NonNullable<Event['body']>;

/** Every kind, with no field at its default, since proto3 JSON leaves those out. */
const bodies: Body[] = [
  impressionsServedOf('u', [impressionItemOf('v', { position: 3, score: 1.5, featuresChecksum: 2 ** 52 + 1 })], {
    pageId: 'p',
    context: { requestedAtMs: AT_MS, surface: 'home', country: 'DE', device: 'tv', loggedIn: true, seedVideoId: 's' },
    mark: { topic: 't', partition: 1, offset: 7 },
    snapshotId: 's',
    rungReason: 'why',
    experimentId: 'e',
    variantId: 'v',
  }),
  { $case: 'impressionsViewed', value: { userId: 'u', requestId: 'r', impressionIds: ['i'] } },
  watchOf('u', 'v', { impressionId: 'i', country: 'DE', device: 'tv' }),
  searchOf('u', 'cats'),
  { $case: 'dismissal', value: { userId: 'u', videoId: 'v', impressionId: 'i' } },
  {
    $case: 'userUpserted',
    value: { userId: 'u', profile: { country: 'DE', language: 'de', ageYears: 30, gender: 1, blockedChannelIds: [] } },
  },
  { $case: 'userMerged', value: { userId: 'u', anonymousUserId: 'a', history: undefined } },
  userDeletedOf('u'),
  userExpiredOf('u', AT_MS - 90 * 86_400_000),
  videoUpsertedOf('v', { thumbnailUrl: 'https://example.org/v.png' }),
  { $case: 'videoWithdrawn', value: { videoId: 'v', reason: 'asked' } },
];

const jsonOf = (body: Body) =>
  JSON.parse(JSON.stringify(Event.toJSON(eventOf(body, AT_MS, { backfill: true })))) as Record<string, never>;
const faultOf = (raw: unknown): FieldError => {
  try {
    readEventJson(raw);
  } catch (error) {
    if (error instanceof FieldError) return error;
    throw error;
  }
  throw new Error('accepted');
};
/** The watch event with one field of its body replaced. */
const watchWith = (field: string, value: unknown) => {
  const raw = jsonOf(watchOf('u', 'v')) as Record<string, Record<string, unknown>>;
  raw.watch = { ...raw.watch, [field]: value };
  return raw;
};

describe('readEventJson', () => {
  it.each(bodies)('reads $$case as the generated code wrote it', (body) => {
    const event = eventOf(body, AT_MS, { backfill: true });
    expect(readEventJson(JSON.parse(JSON.stringify(Event.toJSON(event))))).toEqual(event);
  });

  it('reads snake_case names, 64-bit integers as text, enum values by number, and null as absent', () => {
    const snake = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(snake);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, entry]) => [snakeCase(name), snake(entry)]));
    };
    const event = eventOf(bodies[0] as Body, AT_MS, { backfill: true });
    const raw = snake(Event.toJSON(event)) as { impressions_served: Record<string, unknown> } & Record<string, unknown>;
    raw.occurred_at_ms = String(AT_MS);
    raw.impressions_served.rung = 1;
    raw.watch = null;
    expect(readEventJson(raw)).toEqual(event);
  });

  it.each([
    ['watch.positionSeconds', watchWith('positionSeconds', '60'), 'invalid-type'],
    ['watch.positionSeconds', watchWith('positionSeconds', { $numberDouble: 'NaN' }), 'invalid-type'],
    ['watch.userId', watchWith('userId', 17), 'invalid-type'],
    ['watch.userId', watchWith('userId', ['u']), 'invalid-type'],
    ['watch.video', watchWith('video', 'v'), 'invalid-type'],
    ['watch.video.topics', watchWith('video', { topics: 'news' }), 'invalid-type'],
    ['watch.video.topics[1]', watchWith('video', { topics: ['news', null] }), 'invalid-type'],
    ['watch.video.uploadedAtMs', watchWith('video', { uploadedAtMs: 1.5 }), 'invalid-type'],
    ['watch.posSeconds', watchWith('posSeconds', 60), 'unknown-field'],
    ['watch', { ...jsonOf(searchOf('u', 'q')), watch: [], search: null }, 'invalid-type'],
    ['occurredAtMs', { ...jsonOf(searchOf('u', 'q')), occurredAtMs: 'yesterday' }, 'invalid-type'],
    ['backfill', { ...jsonOf(searchOf('u', 'q')), backfill: 'false' }, 'invalid-type'],
    ['liked', { ...jsonOf(searchOf('u', 'q')), search: null, liked: { userId: 'u' } }, 'unknown-kind'],
    ['__proto__', JSON.parse('{"__proto__": {"search": {}}}'), 'unknown-kind'],
    ['body', { eventId: 'x' }, 'missing-field'],
    ['search', { ...jsonOf(searchOf('u', 'q')), watch: {} }, 'invalid-type'],
    ['userMerged.history', { userMerged: { userId: 'u', anonymousUserId: 'a', history: {} } }, 'unknown-field'],
    ['impressionsServed.rung', { impressionsServed: { rung: 'RUNG_BROKEN' } }, 'invalid-type'],
    ['impressionsServed.rung', { impressionsServed: { rung: 99 } }, 'invalid-type'],
    ['impressionsServed.items[0].position', { impressionsServed: { items: [{ position: -1 }] } }, 'invalid-type'],
    ['', 'an event', 'invalid-type'],
    ['', null, 'invalid-type'],
    ['', [], 'invalid-type'],
  ])('names the field %s', (field, raw, code) => {
    expect(faultOf(raw)).toMatchObject({ field, code });
  });

  it('cuts a field name of any length short', () => {
    expect(faultOf({ ['x'.repeat(10_000)]: 1 }).message.length).toBeLessThan(200);
  });

  it('answers whatever JSON holds with an event or a named field', () => {
    const oddWatch = fc.record({
      watch: fc.dictionary(fc.constantFrom('userId', 'videoId', 'video', 'positionSeconds'), fc.jsonValue()),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), oddWatch), (raw) => {
        try {
          Event.encode(readEventJson(raw)).finish();
        } catch (error) {
          expect(error).toBeInstanceOf(FieldError);
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it('keeps each value of a list of impressions', () => {
    const raw = jsonOf(impressionsServedOf('u', [impressionItemOf('a'), impressionItemOf('b', { position: 1 })]));
    const { items } = readEventJson(raw).body?.value as ImpressionsServed;
    expect(items.map(({ videoId, position, video }) => [videoId, position, video])).toEqual([
      ['a', 0, videoFactsOf()],
      ['b', 1, videoFactsOf()],
    ]);
  });
});
