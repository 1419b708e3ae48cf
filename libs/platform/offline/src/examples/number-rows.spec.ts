import fc from 'fast-check';
import { NumberRows } from './number-rows';

const number = fc.oneof(
  fc.constantFrom(0, -0, NaN, 1, 0.1, 2 ** 24 + 1, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE),
  fc.double(),
  fc.float(),
  fc.nat(),
);

describe('NumberRows', () => {
  it.each([1, 16, 17, 32])('give rows of %i numbers back as they were', (width) => {
    const row = fc.array(number, { minLength: width, maxLength: width }).map((values) => Float64Array.from(values));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 50 }), (rows) => {
        const kept = new NumberRows(width);
        const places = rows.map((one) => kept.add(one));
        places.forEach((place, i) => expect([...kept.at(place)]).toEqual([...rows[i]]));
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('go on in further memory when a piece is full', () => {
    const kept = new NumberRows(23);
    const rows = Array.from({ length: 12_000 }, (_, i) => new Float64Array(23).fill(i / 3));
    const places = rows.map((one) => kept.add(one));
    for (const i of [0, 5_000, 5_500, 11_999]) expect(kept.at(places[i])).toEqual(rows[i]);
  });
});
