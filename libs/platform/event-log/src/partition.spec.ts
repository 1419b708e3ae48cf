import fc from 'fast-check';
import { murmur2, partitionOf } from './partition';

describe('murmur2', () => {
  // The vectors of Kafka's own test (UtilsTest.testMurmur2).
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Java does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  it('does not depend on where in a buffer the bytes lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 7 }), (bytes, shift) => {
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        return murmur2(moved.subarray(shift)) === murmur2(bytes);
      }),
      { seed: 1 },
    );
  });
});

describe('partitionOf', () => {
  it('clears the sign bit before the modulus', () => {
    expect(partitionOf('foobar', 4)).toBe((-790332482 & 0x7fffffff) % 4);
    expect(partitionOf('21', 7)).toBe((-973932308 & 0x7fffffff) % 7);
  });

  it('takes the UTF-8 bytes of the key and stays in range', () => {
    expect(partitionOf('zoë', 1_000)).toBe((murmur2(Uint8Array.of(0x7a, 0x6f, 0xc3, 0xab)) & 0x7fffffff) % 1_000);
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (key, count) => {
        const partition = partitionOf(key, count);
        return Number.isInteger(partition) && partition >= 0 && partition < count;
      }),
      { seed: 2 },
    );
  });
});
