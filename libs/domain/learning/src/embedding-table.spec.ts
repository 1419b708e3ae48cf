import { createTable, tableFromValues } from './embedding-table';
import { createRandom } from './random';

describe('createTable', () => {
  it('lies in shared memory with row 0 zero and the rest at the given scale', () => {
    const table = createTable(2_001, 8, createRandom(1), 0.1);
    expect(table.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([...table.values.subarray(0, 8)]).toEqual(new Array(8).fill(0));
    const rows = table.values.subarray(8);
    const deviation = Math.sqrt(rows.reduce((sum, x) => sum + x * x, 0) / rows.length);
    expect(deviation).toBeCloseTo(0.1, 2);
  });

  it('needs a row and a dimension', () => {
    expect(() => createTable(0, 8, createRandom(1), 1)).toThrow(RangeError);
    expect(() => createTable(5, 0, createRandom(1), 1)).toThrow(RangeError);
  });
});

describe('tableFromValues', () => {
  it('copies the rows into shared memory', () => {
    const table = tableFromValues([0, 0, 1, 2, 3, 4], 2);
    expect(table).toMatchObject({ rowCount: 3, dimensions: 2 });
    expect([...table.values]).toEqual([0, 0, 1, 2, 3, 4]);
    expect(table.values.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('refuses a ragged array and a row 0 that is not zero', () => {
    expect(() => tableFromValues([0, 0, 1], 2)).toThrow(RangeError);
    expect(() => tableFromValues([0, 1, 1, 1], 2)).toThrow('row 0');
  });
});
