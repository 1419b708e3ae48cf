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

  it('counts further than a byte does', () => {
    const blocks = new DayBlocks();
    const counts = [255, 256, 257, 1_000, 70_000];
    counts.forEach((count, row) => {
      for (let i = 0; i < count; i++) blocks.add(row, 20_000 + row);
      blocks.add(row, 20_001 + row);
    });
    const found: [number, number, number][] = [];
    counts.forEach((_, row) => blocks.eachDay(row, (day, count) => found.push([row, day, count])));
    expect(found).toEqual(
      counts.flatMap((count, row) => [
        [row, 20_000 + row, count],
        [row, 20_001 + row, 1],
      ]),
    );
    expect(blocks.dayCount()).toBe(10);
  });

  it('keeps more blocks than a chunk has', () => {
    const blocks = new DayBlocks();
    const count = 40_000;
    for (let row = 0; row < count; row++) blocks.add(row, row % 7);
    const found: [number, number][] = [];
    for (let row = 0; row < count; row++) blocks.eachDay(row, (...one) => found.push(one));
    expect(found).toEqual(Array.from({ length: count }, (_, row) => [row % 7, 1]));
  });
});
