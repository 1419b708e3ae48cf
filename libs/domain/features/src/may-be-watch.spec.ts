import { Event } from '@watchnext/contract';
import * as fc from 'fast-check';
import { mayBeWatch } from './may-be-watch';
import { eventOf, servedBody, SOME_TIME_MS, watchBody } from './testing/event-builders';
import { userStreams } from './testing/event-streams';

const bytesOf = (event: Event) => Event.encode(event).finish();
const WATCH = bytesOf(eventOf(watchBody(), { atMs: SOME_TIME_MS, sequence: 1 }));
const LIST = bytesOf(eventOf(servedBody(), { atMs: SOME_TIME_MS, sequence: 1 }));

function isDecodedAsWatch(bytes: Uint8Array): boolean {
  try {
    return Event.decode(bytes).body?.$case === 'watch';
  } catch {
    return false;
  }
}

describe('whether bytes may be a watch', () => {
  it('is told exactly of what our encoders write', () => {
    fc.assert(
      fc.property(userStreams(), (records) => {
        for (const { event } of records) expect(mayBeWatch(bytesOf(event))).toBe(event.body?.$case === 'watch');
      }),
      { seed: 8, numRuns: 50 },
    );
  });

  it('is never denied of one, whatever else the bytes hold and in whatever order', () => {
    const field = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom(WATCH, LIST),
      // Unknown fields of each wire type, and of ten bytes, as negative numbers have.
      fc.constantFrom([0xa0, 6, 1], [0xa1, 6, 1, 2, 3, 4, 5, 6, 7, 8], [0xa2, 6, 2, 0x62, 1], [0xa5, 6, 1, 2, 3, 4]),
      fc.constant([0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    );
    let watchCount = 0;
    fc.assert(
      fc.property(fc.array(field, { maxLength: 4 }), (fields) => {
        const bytes = Uint8Array.from(fields.flatMap((each) => [...each]));
        if (!isDecodedAsWatch(bytes)) return;
        watchCount += 1;
        expect(mayBeWatch(bytes)).toBe(true);
      }),
      { seed: 8, numRuns: 2_000 },
    );
    expect(watchCount).toBeGreaterThan(100);
  });

  it('is not denied of bytes that no decoder takes: they are to be told of', () => {
    for (const bytes of [LIST.subarray(0, LIST.length - 3), Uint8Array.of(0xff), Uint8Array.of(0x0f)])
      expect(mayBeWatch(bytes)).toBe(true);
  });
});
