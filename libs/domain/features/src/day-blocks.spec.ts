import fc from 'fast-check';
import { DayBlocks } from './day-blocks';

describe('DayBlocks', () => {
  it('counts by row and day, whatever comes in which order', () => {
    const day = fc.oneof(fc.integer({ min: -40, max: 40 }), fc.constantFrom(-100_000_000, 20_000, 100_000_000));
    const additions = fc.array(fc.tuple(fc.oneof(fc.nat(3), fc.nat(300)), day), { maxLength: 400 });
    fc.assert(
      fc.property(additions, (added) => {
        const blocks = new DayBlocks();
        const expected = new Map<string, number>();
        for (const [row, on] of added) {
          blocks.add(row, on);
          expected.set(`${row} ${on}`, (expected.get(`${row} ${on}`) ?? 0) + 1);
        }
        const found = new Map<string, number>();
        for (let row = 0; row <= 301; row++) {
          blocks.eachDay(row, (on, count) => {
            expect(found.has(`${row} ${on}`)).toBe(false);
            found.set(`${row} ${on}`, count);
          });
        }
        expect(found).toEqual(expected);
        expect(blocks.dayCount()).toBe(expected.size);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
