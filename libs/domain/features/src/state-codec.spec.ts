import { UserState } from '@watchnext/contract';
import * as fc from 'fast-check';
import { applyEvent } from './reducer';
import { refuse } from './refusal';
import { decodeServingState, decodeState, encodeState, newState } from './state-codec';
import { userStreams } from './testing/event-streams';
import { USER_ID } from './testing/event-builders';
import { WireReader } from './wire-reader';

const integer = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 49 - 1, 2 ** 49),
  fc.maxSafeNat(),
  fc.constant(Number.MAX_SAFE_INTEGER),
);
const uint32 = fc.oneof(fc.constantFrom(0, 1, 128, 2 ** 32 - 1), fc.nat());
const double = fc.oneof(fc.constantFrom(0, -0, Infinity, -Infinity, NaN), fc.double());
const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii' }),
  fc.string({ unit: 'grapheme' }),
  // Lone surrogates, a byte-order mark, and lengths about where one byte no longer holds them.
  fc.constantFrom(
    '\ud800',
    'a\udc00b',
    '\ufeffbom',
    'x'.repeat(127),
    'x'.repeat(128),
    'ü'.repeat(64),
    '語'.repeat(600),
  ),
);
const affinity = fc.record({
  key: text,
  watchCount: uint32,
  watchSeconds: double,
  lastWatchedAtMs: integer,
  impressionCount: uint32,
  lastShownAtMs: integer,
});
const anyState: fc.Arbitrary<UserState> = fc.record({
  userId: text,
  watches: fc.array(
    fc.record({
      videoId: text,
      startedAtMs: integer,
      watchSeconds: double,
      durationSeconds: double,
      playbackHash: integer,
    }),
  ),
  searches: fc.array(fc.record({ tokens: fc.array(text), searchedAtMs: integer })),
  channels: fc.array(affinity),
  topics: fc.array(affinity),
  exposures: fc.array(fc.record({ videoId: text, impressionCount: uint32, lastShownAtMs: integer })),
  dismissals: fc.array(fc.record({ videoId: text, dismissedAtMs: integer })),
  profile: fc.option(
    fc.record({
      country: text,
      language: text,
      ageYears: uint32,
      gender: fc.constantFrom(0, 1, 2, 3, 2 ** 31 - 1, -1),
      blockedChannelIds: fc.array(fc.string(), { maxLength: 3 }),
    }),
    { nil: undefined },
  ),
  seenEvents: fc.array(fc.record({ atMs: integer, hash: integer })),
  lastEventAtMs: fc.oneof(integer, fc.constantFrom(-1, -(2 ** 40))),
  watchCount: integer,
  deleted: fc.boolean(),
});

/** What a function returns, or that it throws. */
function outcome<T>(run: () => T): { value: T } | 'throws' {
  try {
    return { value: run() };
  } catch {
    return 'throws';
  }
}

describe('the bytes of a state', () => {
  it('are those of the generated encoder, and decode as there, whatever the state holds', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const bytes = encodeState(state);
        expect(Buffer.compare(bytes, UserState.encode(state).finish())).toBe(0);
        expect(decodeState(bytes)).toEqual(UserState.decode(bytes));
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  it('decode for serving as the same state without the ids of recent events, which are not read', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const bytes = encodeState(state);
        expect(decodeServingState(bytes)).toEqual({ ...decodeState(bytes), seenEvents: [] });
        // Unknown fields go to the generated decoder.
        const grown = Uint8Array.from([...bytes, 0x78, 1]);
        expect(decodeServingState(grown)).toEqual({ ...decodeState(grown), seenEvents: [] });
      }),
      { seed: 3, numRuns: 150 },
    );
    const read = jest.spyOn(WireReader.prototype, 'integer');
    const seenEvents = Array.from({ length: 100 }, (_, atMs) => ({ atMs, hash: atMs }));
    decodeServingState(encodeState({ ...newState('a'), seenEvents }));
    // The tag and the length of each, and of the name.
    expect(read).toHaveBeenCalledTimes(2 * 100 + 2);
    read.mockRestore();
  });

  it('for serving are refused where a state is cut off', () => {
    const bytes = encodeState({ ...newState('a'), seenEvents: [{ atMs: 1_000, hash: 7 }] });
    expect(() => decodeServingState(bytes.subarray(0, bytes.length - 1))).toThrow();
  });

  it('give the state of any stream of events back as it was', () => {
    fc.assert(
      fc.property(userStreams({ maxLength: 200, wide: true }), (records) => {
        const state = newState(USER_ID);
        for (const { event, timestampMs = 0 } of records) if (!refuse(event, timestampMs)) applyEvent(state, event);
        const bytes = encodeState(state);
        expect(Buffer.compare(bytes, UserState.encode(state).finish())).toBe(0);
        expect(decodeState(bytes)).toEqual(state);
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  it('when cut, changed or grown by unknown fields, are read as the generated decoder reads them', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.nat(40),
      more: fc.uint8Array({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(anyState, change, fc.boolean(), fc.boolean(), (state, { at, byte, cut, more }, isCut, isGrown) => {
        let bytes = Uint8Array.from(encodeState(state));
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        if (isCut) bytes = bytes.slice(0, Math.max(0, bytes.length - cut));
        if (isGrown) bytes = Uint8Array.from([...bytes, ...more]);
        expect(outcome(() => decodeState(bytes))).toEqual(outcome(() => UserState.decode(bytes)));
      }),
      { seed: 3, numRuns: 600 },
    );
  });

  it('may lie in the middle of a larger buffer', () => {
    const bytes = encodeState({ ...newState('user-1'), watchCount: 300, lastEventAtMs: 1_800_000_000_000 });
    const larger = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(9, 0xff)]);
    expect(decodeState(larger.subarray(7, 7 + bytes.length))).toEqual(decodeState(bytes));
  });

  it('are not shared between two encodings', () => {
    const first = encodeState(newState('a'));
    const copy = Uint8Array.from(first);
    encodeState(newState('b'));
    expect(first).toEqual(copy);
  });

  it('refuse numbers that no wire type holds, as the generated encoder does', () => {
    for (const watchCount of [1.5, 2 ** 70, NaN]) {
      const state = { ...newState('a'), watchCount };
      expect(outcome(() => encodeState(state))).toEqual(outcome(() => UserState.encode(state).finish()));
    }
  });
});
