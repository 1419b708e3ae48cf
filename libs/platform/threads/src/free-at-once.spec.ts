import { freeAtOnce } from './free-at-once';
import { sharedFloats } from './shared';

const ARRAY_BYTES = 2 ** 24;

describe('freeing an array at once', () => {
  it('gives its memory back before any collection', () => {
    const arrays = Array.from({ length: 8 }, () => new Float32Array(ARRAY_BYTES / 4).fill(1));
    const held = process.memoryUsage().arrayBuffers;
    arrays.forEach(freeAtOnce);
    // What else there is may have become more or less meanwhile, by little.
    expect(held - process.memoryUsage().arrayBuffers).toBeGreaterThan(7 * ARRAY_BYTES);
    expect(arrays.map(({ length }) => length)).toEqual(arrays.map(() => 0));
  });

  it('refuses memory that others see, too', () => {
    const seenByOthers = sharedFloats(4);
    expect(() => freeAtOnce(seenByOthers)).toThrow();
    expect(seenByOthers).toHaveLength(4);
  });
});
