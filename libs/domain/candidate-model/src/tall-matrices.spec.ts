import fc from 'fast-check';
import { createRandom } from '@watchnext/learning';
import { cholesky, extremeEigenvalues, innerProducts, orthonormalise, timesLower } from './tall-matrices';

const COLUMNS = 4;
const tall = (rows: number, seed: number) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: rows * COLUMNS }, () => random.gaussian());
};
const TALL = fc
  .tuple(fc.integer({ min: COLUMNS, max: 30 }), fc.integer({ min: 1, max: 1_000 }))
  .map((of) => tall(...of));
const at = (matrix: Float64Array, row: number, column: number) => matrix[row * COLUMNS + column];

describe('tall matrices', () => {
  it('have orthonormal columns when made so, of the same span', () => {
    fc.assert(
      fc.property(TALL, (matrix) => {
        const before = matrix.slice();
        orthonormalise(matrix, COLUMNS);
        const products = innerProducts(matrix, matrix, COLUMNS);
        for (let row = 0; row < COLUMNS; row++)
          for (let column = 0; column <= row; column++)
            expect(at(products, row, column)).toBeCloseTo(row === column ? 1 : 0, 3);
        // What is left of a column without its part in the span.
        const parts = Array.from({ length: COLUMNS }, (_, d) =>
          matrix.reduce((sum, value, i) => (i % COLUMNS === d ? sum + value * before[i - d] : sum), 0),
        );
        const squares = before.reduce((sum, value, i) => (i % COLUMNS === 0 ? sum + value * value : sum), 0);
        expect(parts.reduce((sum, part) => sum + part * part, 0) / squares).toBeCloseTo(1, 3);
      }),
    );
  });

  it('have a zero column for each that depends on those before it', () => {
    const matrix = tall(10, 1);
    for (let i = 0; i < matrix.length; i += COLUMNS) matrix[i + 2] = matrix[i] - 2 * matrix[i + 1];
    orthonormalise(matrix, COLUMNS);
    const products = innerProducts(matrix, matrix, COLUMNS);
    expect([0, 1, 2, 3].map((d) => Math.round(at(products, d, d)))).toEqual([1, 1, 0, 1]);
    expect(matrix.every(Number.isFinite)).toBe(true);
  });

  it('keep a column that is a thousandth of the others, and differs from them', () => {
    const matrix = tall(10, 2);
    for (let i = 0; i < matrix.length; i += COLUMNS) matrix[i + 3] = matrix[i] + matrix[i + 3] / 1_000;
    orthonormalise(matrix, COLUMNS);
    expect(at(innerProducts(matrix, matrix, COLUMNS), 3, 3)).toBeCloseTo(1, 2);
  });

  it('are multiplied by the factor of a symmetric matrix, which gives the matrix', () => {
    fc.assert(
      fc.property(TALL, (matrix) => {
        const products = innerProducts(matrix, matrix, COLUMNS);
        const identity = Float32Array.from({ length: COLUMNS * COLUMNS }, (_, i) => (i % (COLUMNS + 1) === 0 ? 1 : 0));
        const rows = timesLower(identity, cholesky(products, COLUMNS), COLUMNS);
        for (let row = 0; row < COLUMNS; row++)
          for (let column = 0; column <= row; column++) {
            const product = [0, 1, 2, 3].reduce(
              (sum, d) => sum + rows[row * COLUMNS + d] * rows[column * COLUMNS + d],
              0,
            );
            expect(product).toBeCloseTo(at(products, row, column), 3);
          }
      }),
    );
  });

  it('have the extreme eigenvalues of a matrix that was turned', () => {
    const turn = tall(COLUMNS, 3);
    orthonormalise(turn, COLUMNS);
    const values = [9, 0.5, 3, 4];
    const scaled = turn.map((value, i) => value * values[i % COLUMNS]);
    const matrix = new Float64Array(COLUMNS * COLUMNS);
    for (let row = 0; row < COLUMNS; row++)
      for (let column = 0; column < COLUMNS; column++)
        for (let d = 0; d < COLUMNS; d++)
          matrix[row * COLUMNS + column] += scaled[row * COLUMNS + d] * turn[column * COLUMNS + d];
    const { least, greatest } = extremeEigenvalues(matrix, COLUMNS);
    expect(greatest).toBeCloseTo(9, 4);
    expect(least).toBeCloseTo(0.5, 4);
    const even = extremeEigenvalues(Float64Array.of(2, 0, -1, 2), 2);
    expect(even.greatest).toBeCloseTo(3, 6);
    expect(even.least).toBeCloseTo(1, 6);
    expect(extremeEigenvalues(new Float64Array(COLUMNS * COLUMNS), COLUMNS)).toEqual({ least: 0, greatest: 0 });
  });
});
