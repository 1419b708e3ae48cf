import fc from 'fast-check';
import { DayCells } from './day-cells';

describe('DayCells', () => {
  it('counts by row and day, of rows with few days and with many', () => {
    const day = fc.oneof(fc.nat(5), fc.integer({ min: -30, max: 30 }), fc.constantFrom(-100_000_000, 100_000_000));
    const seconds = fc.option(fc.double({ min: 0, max: 1e4, noNaN: true }), { nil: undefined });
    const additions = fc.array(fc.tuple(fc.oneof(fc.nat(2), fc.nat(150)), day, seconds), { maxLength: 600 });
    fc.assert(
      fc.property(additions, (added) => {
        const cells = new DayCells();
        const expected = new Map<string, [number, number, number]>();
        for (const [row, on, watchSeconds] of added) {
          while (cells.rows <= row) cells.addRow();
          const cell = cells.cellOf(row, on);
          cells.addImpression(cell);
          if (watchSeconds !== undefined) cells.addClick(cell, watchSeconds);
          const [shown, clicked, watched] = expected.get(`${row} ${on}`) ?? [0, 0, 0];
          const isClicked = watchSeconds !== undefined;
          expected.set(`${row} ${on}`, [shown + 1, clicked + Number(isClicked), watched + (watchSeconds ?? 0)]);
        }
        const found = new Map<string, [number, number, number]>();
        for (let row = 0; row < cells.rows; row++) {
          cells.eachDay(row, (on, ...counts) => {
            expect(found.has(`${row} ${on}`)).toBe(false);
            found.set(`${row} ${on}`, counts);
          });
        }
        expect(found).toEqual(expected);
        expect(cells.size).toBe(expected.size);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('keeps more cells and clicks than a chunk has', () => {
    const cells = new DayCells();
    const count = 40_000;
    for (let row = 0; row < count; row++) {
      const cell = cells.cellOf(cells.addRow(), row % 7);
      cells.addImpression(cell);
      cells.addClick(cell, row);
    }
    const found: number[][] = [];
    for (let row = 0; row < count; row++) cells.eachDay(row, (...counts) => found.push(counts));
    expect(found).toEqual(Array.from({ length: count }, (_, row) => [row % 7, 1, 1, row]));
  });
});
