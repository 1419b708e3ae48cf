import fc from 'fast-check';
import { FlatTexts } from './flat-texts';
import { IdRows } from './id-rows';

describe('IdRows', () => {
  it('numbers ids in the order in which they came first', () => {
    const id = fc.oneof(fc.constantFrom('', 'a', 'b', '__proto__', '\ud800'), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(id, { maxLength: 60 }), id, (ids, another) => {
        const rows = new IdRows(new FlatTexts());
        const expected = new Map<string, number>();
        for (const one of ids) {
          if (!expected.has(one)) expected.set(one, expected.size);
          expect(rows.add(one)).toBe(expected.get(one));
        }
        expect(rows.size).toBe(expected.size);
        for (const [one, row] of expected) expect([rows.rowOf(one), rows.idAt(row)]).toEqual([row, one]);
        expect(rows.rowOf(another)).toBe(expected.get(another) ?? -1);
      }),
      { seed: 22 },
    );
  });

  it('finds each of a hundred thousand, and none that is not there', () => {
    const rows = new IdRows(new FlatTexts());
    for (let n = 0; n < 100_000; n++) rows.add(`video-${n}`);
    const wrong: number[] = [];
    for (let n = 0; n < 100_000; n++)
      if (rows.rowOf(`video-${n}`) !== n || rows.idAt(n) !== `video-${n}`) wrong.push(n);
    expect(wrong).toEqual([]);
    for (let n = 0; n < 1_000; n++) expect(rows.rowOf(`other-${n}`)).toBe(-1);
  });
});
