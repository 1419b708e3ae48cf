/**
 * Matrices of many rows and few columns, row by row in float32, and the small square ones of their inner products in float64.
 * A symmetric matrix is given by its lower triangle, and so is the factor L of L·Lᵀ.
 */

/** A pivot below this share of its column's own entry is of one that depends on those before it: of these float32 leaves some 1e-14. */
const LEAST_PIVOT_SHARE = 1e-10;
/** Until an extreme eigenvalue is known to a few percent. */
const POWER_STEPS = 30;

/** Makes the columns orthonormal in place; those that depend on others become zero. By the Cholesky factor of their inner products. */
export function orthonormalise(columns: Float32Array, dimensions: number): void {
  const lower = cholesky(innerProducts(columns, columns, dimensions), dimensions);
  const row = new Float64Array(dimensions);
  for (let from = 0; from < columns.length; from += dimensions) {
    for (let d = 0; d < dimensions; d++) {
      const pivot = lower[d * dimensions + d];
      let rest = columns[from + d];
      for (let e = 0; e < d; e++) rest -= lower[d * dimensions + e] * row[e];
      row[d] = pivot === 0 ? 0 : rest / pivot;
    }
    columns.set(row, from);
  }
}

/** AᵀB, [dimensions, dimensions], of which only the lower triangle is filled. */
export function innerProducts(a: Float32Array, b: Float32Array, dimensions: number): Float64Array {
  const products = new Float64Array(dimensions * dimensions);
  for (let from = 0; from < a.length; from += dimensions) {
    for (let d = 0; d < dimensions; d++) {
      const value = a[from + d];
      if (value === 0) continue;
      for (let e = 0; e <= d; e++) products[d * dimensions + e] += value * b[from + e];
    }
  }
  return products;
}

/** L with L·Lᵀ = the symmetric matrix whose lower triangle is given; a column without a pivot is zero. */
export function cholesky(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = matrix[row * size + column];
      for (let k = 0; k < column; k++) rest -= lower[row * size + k] * lower[column * size + k];
      const pivot = lower[column * size + column];
      if (column < row) lower[row * size + column] = pivot === 0 ? 0 : rest / pivot;
      else lower[row * size + row] = rest > LEAST_PIVOT_SHARE * matrix[row * size + row] ? Math.sqrt(rest) : 0;
    }
  }
  return lower;
}

/** rows · lower, in place. */
export function timesLower(rows: Float32Array, lower: Float64Array, dimensions: number): Float32Array {
  const sums = new Float64Array(dimensions);
  for (let from = 0; from < rows.length; from += dimensions) {
    sums.fill(0);
    for (let d = 0; d < dimensions; d++) {
      const value = rows[from + d];
      if (value === 0) continue;
      for (let e = 0; e <= d; e++) sums[e] += value * lower[d * dimensions + e];
    }
    rows.set(sums, from);
  }
  return rows;
}

/** About the least and the greatest eigenvalue of a symmetric matrix without negative ones; the least is 0 where columns depend on others. */
export function extremeEigenvalues(matrix: Float64Array, size: number): { least: number; greatest: number } {
  const lower = cholesky(matrix, size);
  const greatest = growth(size, (vector) => multiplyBySquare(lower, vector));
  const isSingular = Array.from({ length: size }, (_, d) => lower[d * size + d]).includes(0);
  return { least: isSingular ? 0 : 1 / growth(size, (vector) => divideBySquare(lower, vector)), greatest };
}

/** By how much a vector grows each time, in the end. @param apply changes the vector in place */
function growth(size: number, apply: (vector: Float64Array) => void): number {
  // Uneven, so that it is hardly at right angles to a vector that is even.
  const vector = Float64Array.from({ length: size }, (_, d) => Math.sin(d + 1));
  let length = 0;
  for (let step = 0; step < POWER_STEPS; step++) {
    apply(vector);
    length = Math.hypot(...vector);
    if (length === 0) return 0;
    for (let d = 0; d < size; d++) vector[d] /= length;
  }
  return length;
}

/** x ← L·Lᵀ·x. */
function multiplyBySquare(lower: Float64Array, x: Float64Array): void {
  const size = x.length;
  for (let column = 0; column < size; column++) {
    let sum = 0;
    for (let row = column; row < size; row++) sum += lower[row * size + column] * x[row];
    x[column] = sum; // of Lᵀx; those after it are still x
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = 0;
    for (let column = 0; column <= row; column++) sum += lower[row * size + column] * x[column];
    x[row] = sum;
  }
}

/** x ← (L·Lᵀ)⁻¹·x. */
function divideBySquare(lower: Float64Array, x: Float64Array): void {
  const size = x.length;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) x[row] -= lower[row * size + column] * x[column];
    x[row] /= lower[row * size + row];
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let below = row + 1; below < size; below++) x[row] -= lower[below * size + row] * x[below];
    x[row] /= lower[row * size + row];
  }
}
