import { Event } from '@watchnext/contract';
import fc from 'fast-check';
import { refuse } from '@watchnext/features';
import { EventDecoder } from './event-decoder';

const decoder = new EventDecoder();
/** As a plain object: a decoded event makes its id when it is asked for. */
const plain = ({ eventId, occurredAtMs, receivedAtMs, producer, backfill, body }: Event): Event => ({
  eventId,
  occurredAtMs,
  receivedAtMs,
  producer,
  backfill,
  body,
});
const decode = (bytes: Uint8Array) => plain(decoder.decode(bytes));
/** Few enough to repeat, and long or strange enough to take every way. */
const text = fc.oneof(
  fc.constantFrom('', 'video-1', 'video-2', 'x'.repeat(32), 'y'.repeat(33), 'zoë', '日本語', '\ufeffmark', '😀'),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 12 }).map((one) => Buffer.from(one).toString()),
);
const time = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const video = fc.option(
  fc.record({
    channelId: text,
    topics: fc.array(text, { maxLength: 3 }),
    durationSeconds: fc.double(),
    uploadedAtMs: time,
  }),
  { nil: undefined },
);
const item = fc.record({
  impressionId: text,
  videoId: text,
  position: fc.nat(),
  source: text,
  sourceScore: fc.float(),
  score: fc.option(fc.float(), { nil: undefined }),
  propensity: fc.float(),
  team: text,
  featuresChecksum: fc.option(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
  video,
});
const watch = fc.record({
  userId: text,
  videoId: text,
  playbackId: text,
  impressionId: text,
  device: text,
  positionSeconds: fc.double(),
  country: text,
  video,
});
const served = fc.record({
  userId: text,
  requestId: text,
  pageId: text,
  snapshotId: text,
  rung: fc.nat(4),
  rungReason: text,
  experimentId: text,
  variantId: text,
  assignments: fc.array(fc.record({ experimentId: text, variantId: text, overridden: fc.boolean() }), { maxLength: 2 }),
  latencyMs: fc.nat(),
  exploredPlaces: fc.array(
    fc.record({
      position: fc.nat(9),
      options: fc.array(fc.record({ videoId: text, probability: fc.float() }), { maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
  items: fc.array(item, { maxLength: 3 }),
  context: fc.record({
    requestedAtMs: time,
    surface: text,
    country: text,
    device: text,
    loggedIn: fc.boolean(),
    seedVideoId: text,
  }),
  mark: fc.record({
    topic: text,
    partition: fc.nat(64),
    offset: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
  }),
});
const event = fc
  .record({
    eventId: text,
    occurredAtMs: time,
    receivedAtMs: time,
    producer: text,
    backfill: fc.boolean(),
    body: fc.oneof(
      watch.map((value) => ({ $case: 'watch' as const, value })),
      served.map((value) => ({ $case: 'impressionsServed' as const, value })),
      fc.record({ userId: text, query: text }).map((value) => ({ $case: 'search' as const, value })),
      fc
        .record({ userId: text, requestId: text, impressionIds: fc.array(text, { maxLength: 3 }) })
        .map((value) => ({ $case: 'impressionsViewed' as const, value })),
      fc
        .record({ userId: text, profile: fc.record({ country: text, ageYears: fc.nat(99) }) })
        .map((value) => ({ $case: 'userUpserted' as const, value })),
    ),
  })
  .map((fields) => Event.fromPartial(fields as never));

describe('eventDecoder', () => {
  it('gives an event whose copies do not pass for one, since they lack its id', () => {
    const decoded = decoder.decode(Event.encode(Event.fromPartial({ eventId: 'an id', producer: 'spec' })).finish());
    // @ts-expect-error eventId is missing
    const copy: Event = { ...decoded };
    expect(decoded.eventId).toBe('an id');
    expect(copy).toMatchObject({ producer: 'spec' });
    expect(copy.eventId).toBeUndefined();
    const whole: Event = { ...decoded, eventId: decoded.eventId };
    expect(whole.eventId).toBe('an id');
  });

  it('gives the same texts and the same facts of a video again, wherever the bytes lie', () => {
    const one = (videoId: string) =>
      Event.encode(
        Event.fromPartial({
          body: { $case: 'watch', value: { videoId, video: { channelId: 'a channel', topics: ['a topic'] } } },
        }),
      ).finish();
    const shared = Buffer.concat([Uint8Array.of(1, 2, 3), one('video-1'), one('video-2')]);
    const length = one('video-1').length;
    const watches = [shared.subarray(3, 3 + length), shared.subarray(3 + length), one('video-1')].map((bytes) => {
      const { body } = decode(bytes);
      return body?.$case === 'watch' ? body.value : undefined;
    });
    expect(watches.map((watch) => watch?.videoId)).toEqual(['video-1', 'video-2', 'video-1']);
    expect(watches[2]?.video).toBe(watches[0]?.video);
    expect(watches[2]?.videoId).toBe(watches[0]?.videoId);
    // Facts are kept with their video.
    expect(watches[1]?.video).toEqual(watches[0]?.video);
  });

  it('reads what Event.decode reads, one event after another', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), (events) => {
        for (const one of events) {
          const bytes = Event.encode(one).finish();
          expect(decode(bytes)).toEqual(Event.decode(bytes));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('reads an event out of the middle of others', () => {
    fc.assert(
      fc.property(event, event, fc.nat(20), (one, other, gap) => {
        const [before, bytes] = [Event.encode(other).finish(), Event.encode(one).finish()];
        const all = Buffer.concat([before, bytes, before.subarray(0, gap)]);
        expect(plain(decoder.decode(all, before.length, before.length + bytes.length))).toEqual(Event.decode(bytes));
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('tells of watches whose id, texts and facts need no second look: refusing them without it says the same', () => {
    const RECEIVED_AT_MS = 1_700_000_000_000;
    let [soundCount, knownIdCount] = [0, 0];
    const eventId = fc.oneof(
      { arbitrary: fc.constant('018bcfe5-6800-7000-8000-000000000000'), weight: 5 },
      // From two days ago, from the future, of another version, in upper case.
      fc.constantFrom(
        '018bc598-6800-7000-8000-000000000000',
        '018bcff0-6800-7000-8000-000000000000',
        '018bcfe5-6800-4000-8000-000000000000',
        '018BCFE5-6800-7000-8000-000000000000',
      ),
      text,
    );
    const occurredAtMs = fc.constantFrom(RECEIVED_AT_MS, 0);
    const fields = fc.record({ watch, isNamed: fc.boolean(), eventId, occurredAtMs, producer: text });
    const watchEvent = fields.map(({ watch: value, isNamed, ...envelope }) =>
      Event.fromPartial({
        ...envelope,
        receivedAtMs: RECEIVED_AT_MS,
        body: {
          $case: 'watch',
          value: { ...value, ...(isNamed ? { userId: 'user-1', videoId: 'video-1', positionSeconds: 3 } : {}) },
        },
      }),
    );
    fc.assert(
      fc.property(watchEvent, (one) => {
        const decoded = decode(Event.encode(one).finish());
        if (decoder.textsAreSound) soundCount++;
        if (decoder.seenEvent !== undefined) knownIdCount++;
        expect(refuse(decoded, 0, undefined, decoder)).toEqual(refuse(decoded, 0));
      }),
      { seed: 4, numRuns: 1_000 },
    );
    expect(soundCount).toBeGreaterThan(50);
    expect(soundCount).toBeLessThan(950);
    expect(knownIdCount).toBeGreaterThan(150);
    expect(knownIdCount).toBeLessThan(950);
  });

  it('tells of lists the same', () => {
    const RECEIVED_AT_MS = 1_700_000_000_000;
    let [soundCount, refusedThoughSound, letInCount] = [0, 0, 0];
    // Mostly as they may be, here and there not.
    const mostly = <T>(usual: fc.Arbitrary<T>, any: fc.Arbitrary<T>) =>
      fc.oneof({ arbitrary: usual, weight: 15 }, { arbitrary: any, weight: 1 });
    const plainText = fc.constantFrom('video-1', 'video-2', 'a'.repeat(30));
    const share = fc.float({ min: 0, max: 1, noNaN: true });
    const plainItem = fc.record({
      impressionId: mostly(plainText, text),
      videoId: mostly(plainText, text),
      position: mostly(fc.nat(9), fc.nat()),
      source: mostly(plainText, text),
      sourceScore: mostly(share, fc.float()),
      score: mostly(fc.option(share, { nil: undefined }), fc.option(fc.float(), { nil: undefined })),
      propensity: mostly(share, fc.float()),
      video: mostly(
        fc.record({
          channelId: plainText,
          topics: fc.array(plainText, { maxLength: 2 }),
          durationSeconds: fc.constant(9),
          uploadedAtMs: fc.nat(),
        }) as typeof video,
        video,
      ),
    });
    const listEvent = fc
      .record({
        userId: mostly(plainText, text),
        requestId: mostly(plainText, text),
        pageId: mostly(plainText, text),
        rungReason: mostly(plainText, text),
        context: fc.record({
          requestedAtMs: mostly(fc.nat(), time),
          surface: mostly(plainText, text),
          seedVideoId: mostly(plainText, text),
        }),
        mark: fc.option(
          fc.record({ topic: mostly(plainText, text), partition: fc.nat(9), offset: fc.integer({ min: -2, max: 9 }) }),
          { nil: undefined },
        ),
        assignments: fc.array(
          fc.record({ experimentId: mostly(plainText, text), variantId: mostly(plainText, text) }),
          {
            maxLength: 1,
          },
        ),
        items: fc.array(plainItem, { maxLength: 3 }),
      })
      .map((value) =>
        Event.fromPartial({
          eventId: '018bcfe5-6800-7000-8000-000000000000',
          occurredAtMs: RECEIVED_AT_MS,
          receivedAtMs: RECEIVED_AT_MS,
          body: { $case: 'impressionsServed', value },
        } as never),
      );
    fc.assert(
      fc.property(listEvent, (one) => {
        const decoded = decode(Event.encode(one).finish());
        const refusal = refuse(decoded, 0);
        if (decoder.textsAreSound) soundCount++;
        if (decoder.textsAreSound && refusal !== undefined) refusedThoughSound++;
        if (refusal === undefined) letInCount++;
        expect(refuse(decoded, 0, undefined, decoder)).toEqual(refusal);
      }),
      { seed: 5, numRuns: 1_000 },
    );
    expect(soundCount).toBeGreaterThan(100);
    expect(soundCount).toBeLessThan(950);
    expect(refusedThoughSound).toBeGreaterThan(50);
    expect(letInCount).toBeGreaterThan(50);
  });

  it('refuses the bytes that Event.decode refuses, and goes on', () => {
    const outcome = (read: (bytes: Uint8Array) => Event, bytes: Uint8Array) => {
      try {
        return read(bytes);
      } catch {
        return 'refused';
      }
    };
    const broken = fc.tuple(event, fc.nat(), fc.nat(255), fc.nat(5)).map(([one, place, byte, cut]) => {
      const bytes = Event.encode(one).finish().slice();
      if (bytes.length > 0) bytes[place % bytes.length] = byte;
      return bytes.subarray(0, Math.max(0, bytes.length - cut));
    });
    fc.assert(
      fc.property(broken, event, (bytes, sound) => {
        expect(outcome(decode, bytes)).toEqual(outcome((all) => Event.decode(all), bytes));
        const after = Event.encode(sound).finish();
        expect(decode(after)).toEqual(Event.decode(after));
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
