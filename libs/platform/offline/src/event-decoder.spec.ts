import { Event } from '@watchnext/contract';
import fc from 'fast-check';
import { eventDecoder } from './event-decoder';

const decode = eventDecoder();
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
  position: fc.nat(100),
  sourceScore: fc.float(),
  featuresChecksum: fc.option(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
  video,
});
const watch = fc.record({
  userId: text,
  videoId: text,
  playbackId: text,
  positionSeconds: fc.double(),
  country: text,
  video,
});
const served = fc.record({
  userId: text,
  requestId: text,
  items: fc.array(item, { maxLength: 3 }),
  context: fc.record({ requestedAtMs: time, surface: text, loggedIn: fc.boolean() }),
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
    ),
  })
  .map((fields) => Event.fromPartial(fields as never));

describe('eventDecoder', () => {
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
