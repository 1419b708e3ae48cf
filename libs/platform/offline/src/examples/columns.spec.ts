import fc from 'fast-check';
import { OptionalDoubles, WholeNumbers } from './columns';

const MORE_THAN_A_CHUNK = 70_000;

describe('WholeNumbers', () => {
  it('holds what 32 bits do, whenever a number needs more of them than all before it', () => {
    const number = fc.oneof(fc.nat(255), fc.constantFrom(255, 256, 65_535, 65_536, 2 ** 32 - 1), fc.nat(2 ** 31 - 1));
    fc.assert(
      fc.property(fc.array(number, { maxLength: 40 }), (numbers) => {
        const column = new WholeNumbers();
        for (const each of numbers) column.push(each);
        expect(numbers.map((_, row) => column.at(row))).toEqual(numbers);
        expect(column).toHaveLength(numbers.length);
      }),
    );
  });

  it('keeps the numbers of earlier chunks when later ones are larger', () => {
    const column = new WholeNumbers();
    const numbers = Array.from({ length: 3 * MORE_THAN_A_CHUNK }, (_, row) =>
      row < MORE_THAN_A_CHUNK ? row % 200 : row === 2 * MORE_THAN_A_CHUNK ? 2 ** 32 - 1 : row % 300,
    );
    for (const each of numbers) column.push(each);
    expect(numbers.every((each, row) => column.at(row) === each)).toBe(true);
  });
});

describe('OptionalDoubles', () => {
  it('tells what is missing from what is there, in chunks with and without numbers', () => {
    const column = new OptionalDoubles();
    const values = Array.from({ length: 3 * MORE_THAN_A_CHUNK }, (_, row) =>
      row > MORE_THAN_A_CHUNK && row < 2 * MORE_THAN_A_CHUNK && row % 3 === 0 ? row / 7 : undefined,
    );
    for (const value of values) column.push(value);
    expect(values.every((value, row) => Object.is(column.at(row), value))).toBe(true);
  });
});
