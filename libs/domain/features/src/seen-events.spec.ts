import fc from 'fast-check';
import { hash53 } from './hash';
import { seenEventIn } from './seen-events';
import { eventIdAt, SOME_TIME_MS } from './testing/event-builders';
import { uuidV7TimeMs } from './uuid';

const uuid = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.nat(999))
  .map(([atMs, sequence]) => eventIdAt(atMs, sequence));
/** One character of a sound id is another. */
const broken = fc
  .tuple(uuid, fc.nat(35), fc.constantFrom(...'0189afgAF-/:`é \u0000'))
  .map(([id, at, unit]) => id.slice(0, at) + unit + id.slice(at + 1));

describe('seenEventIn', () => {
  it('reads from bytes what is read from the text, and nothing of an id that is no UUIDv7', () => {
    let soundCount = 0;
    fc.assert(
      fc.property(fc.oneof(uuid, broken, fc.string({ unit: 'binary', maxLength: 40 })), fc.nat(9), (id, before) => {
        const own = Buffer.from(id);
        const bytes = Buffer.concat([Buffer.alloc(before, 'a'), own, Buffer.from('0123')]);
        const atMs = uuidV7TimeMs(id);
        if (atMs !== undefined) soundCount++;
        const seen = seenEventIn(bytes, before, before + own.length);
        expect(seen && { atMs: seen.atMs, hash: seen.hash }).toEqual(
          atMs === undefined ? undefined : { atMs, hash: hash53(id) },
        );
      }),
      { seed: 1, numRuns: 3_000 },
    );
    expect(soundCount).toBeGreaterThan(500);
    expect(soundCount).toBeLessThan(2_500);
  });

  it('reads times up to the last that an id can hold', () => {
    const timeIn = (id: string) => seenEventIn(Buffer.from(id), 0, 36)?.atMs;
    expect(timeIn('ffffffff-ffff-7fff-bfff-ffffffffffff')).toBe(2 ** 48 - 1);
    expect(timeIn('ffffffff-ffff-7fff-cfff-ffffffffffff')).toBeUndefined();
    expect(timeIn(eventIdAt(SOME_TIME_MS, 7))).toBe(SOME_TIME_MS);
  });
});
