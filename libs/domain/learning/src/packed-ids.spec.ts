import fc from 'fast-check';
import { packedIdAt, packIds, placeOf } from './packed-ids';

describe('packed ids', () => {
  it('give back every id at its place, and know no other, whatever strings they are', () => {
    // Pairs cut in half too: an id is what the log says, not what a text editor would write.
    const id = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constant('\ud800'), fc.constant('__proto__'));
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 60 }), fc.array(id), (ids, others) => {
        const packed = packIds(ids);
        expect(ids.map((_, place) => packedIdAt(packed, place))).toEqual(ids);
        expect(ids.map((known) => placeOf(packed, known))).toEqual(ids.map((_, place) => place));
        for (const other of others) expect(placeOf(packed, other)).toBe(ids.indexOf(other));
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('hold many ids that differ in little', () => {
    const ids = Array.from({ length: 20_000 }, (_, i) => `video-${i}`);
    const packed = packIds(ids);
    expect(ids.every((id, place) => placeOf(packed, id) === place)).toBe(true);
    expect(placeOf(packed, 'video-20000')).toBe(-1);
  });

  it('hold an id that is longer than an argument list', () => {
    const long = 'x'.repeat(10_001);
    expect(packedIdAt(packIds(['a', long]), 1)).toBe(long);
  });

  it('are on shared memory, so that a thread that gets them copies nothing', () => {
    const { units, starts, slots } = packIds(['a']);
    for (const { buffer } of [units, starts, slots]) expect(buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('refuse an id that is there twice, and places that are not', () => {
    expect(() => packIds(['a', 'b', 'a'])).toThrow('"a" is there twice');
    const packed = packIds(['a']);
    for (const place of [-1, 1, NaN]) expect(() => packedIdAt(packed, place)).toThrow(RangeError);
  });
});
