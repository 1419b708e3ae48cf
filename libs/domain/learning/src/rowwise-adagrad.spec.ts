import { tableFromValues } from './embedding-table';
import { createRandom } from './random';
import { RowwiseAdagrad } from './rowwise-adagrad';

const gradients = (...numbers: number[]) => Float32Array.from(numbers);

describe('RowwiseAdagrad', () => {
  it("scales a step by the root of the row's summed mean squares", () => {
    const table = tableFromValues([0, 0, 1, 1, 5, 5], 2);
    const optimizer = new RowwiseAdagrad(table, { learningRate: 0.1 });
    optimizer.add(1, gradients(3, 4), 0, 1);
    optimizer.step();
    const meanSquare = 12.5;
    expect(table.values[2]).toBeCloseTo(1 - (0.1 * 3) / Math.sqrt(meanSquare), 6);
    expect(table.values[3]).toBeCloseTo(1 - (0.1 * 4) / Math.sqrt(meanSquare), 6);
    const before = table.values[2];
    optimizer.add(1, gradients(3, 4), 0, 1);
    optimizer.step();
    expect(table.values[2]).toBeCloseTo(before - (0.1 * 3) / Math.sqrt(2 * meanSquare), 6);
    expect([...table.values.subarray(4)]).toEqual([5, 5]);
  });

  it('sums duplicates of a row before the step, so that the cut of a batch does not matter', () => {
    const summed = tableFromValues([0, 0, 1, 1], 2);
    const apart = tableFromValues([0, 0, 1, 1], 2);
    const once = new RowwiseAdagrad(summed, { learningRate: 0.1 });
    once.add(1, gradients(1, -2), 0, 1);
    once.step();
    const twice = new RowwiseAdagrad(apart, { learningRate: 0.1 });
    twice.add(1, gradients(9, 9, 1, 2), 2, 0.5);
    twice.add(1, gradients(0.5, -3), 0, 1);
    twice.step();
    expect([...apart.values]).toEqual([...summed.values]);
    expect(twice.accumulators[1]).toBe(once.accumulators[1]);
  });

  it('never changes row 0', () => {
    const table = tableFromValues([0, 0, 1, 1], 2);
    const optimizer = new RowwiseAdagrad(table, { learningRate: 0.1 });
    optimizer.add(0, gradients(1, 1), 0, 1);
    optimizer.step();
    expect([...table.values]).toEqual([0, 0, 1, 1]);
  });

  it('leaves a row with a zero gradient as it is', () => {
    const table = tableFromValues([0, 1], 1);
    const optimizer = new RowwiseAdagrad(table, { learningRate: 0.1 });
    optimizer.add(1, gradients(0), 0, 1);
    optimizer.step();
    expect(table.values[1]).toBe(1);
  });

  it('takes more rows in one step than it first has room for, as a plain implementation does', () => {
    const rowCount = 5_000;
    const random = createRandom(1);
    const values = Float32Array.from({ length: rowCount }, (_, row) => (row === 0 ? 0 : random.gaussian()));
    const table = tableFromValues(values, 1);
    const optimizer = new RowwiseAdagrad(table, { learningRate: 0.01 });
    const sums = new Float64Array(rowCount);
    for (let i = 0; i < 9_000; i++) {
      const row = random.nextInt(rowCount);
      const gradient = Math.fround(random.gaussian());
      optimizer.add(row, gradients(gradient), 0, 1);
      sums[row] += gradient;
    }
    optimizer.step();
    for (let row = 1; row < rowCount; row++) {
      expect(table.values[row]).toBeCloseTo(values[row] - (sums[row] === 0 ? 0 : 0.01 * Math.sign(sums[row])), 5);
    }
  });

  it('refuses a row that is not in the table', () => {
    const optimizer = new RowwiseAdagrad(tableFromValues([0, 1], 1), { learningRate: 0.1 });
    expect(() => optimizer.add(2, gradients(1), 0, 1)).toThrow(RangeError);
  });
});
