import fc from 'fast-check';
import type { DenseStack } from '@watchnext/learning';
import { rowPartsFor } from './row-parts';

/** @param sizes of the whole row, then of the layers */
const towerOf = (sizes: readonly number[]) =>
  sizes.slice(1).map((outputSize, depth) => ({ inputSize: sizes[depth]!, outputSize })) as unknown as DenseStack;

describe('parts of rows', () => {
  it('are several where the tower takes long for a row, so that it begins before all rows are written', () => {
    const parts = rowPartsFor(towerOf([417, 1024, 512, 256, 1]), 220);
    expect([...parts(500)]).toEqual([64, 160, 304, 500]);
    expect([...parts(70)]).toEqual([70]);
  });

  it('are fewer where it is soon done, as each costs more than it brings', () => {
    const parts = rowPartsFor(towerOf([165, 512, 256, 2]), 100);
    expect([...parts(290)]).toEqual([154, 290]);
    expect([...parts(500)]).toEqual([154, 500]);
    expect([...rowPartsFor(towerOf([165, 64, 1]), 100)(2_000)]).toEqual([2_000]);
  });

  it('hold every row once, each part at most four times as long as the first', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(sizes, fc.nat(5_000), (sized, rowCount) => {
        const ends = [...rowPartsFor(towerOf(sized), sized[0]!)(rowCount)];
        const lengths = ends.map((end, part) => end - (ends[part - 1] ?? 0));
        expect(lengths.every((length) => length > 0)).toBe(true);
        expect(ends.at(-1) ?? 0).toBe(rowCount);
        // The last takes up what would not be worth a part.
        expect(Math.max(0, ...lengths.slice(0, -1))).toBeLessThanOrEqual(4 * (lengths[0] ?? 0));
      }),
    );
  });
});
