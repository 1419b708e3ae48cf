/** Numbers that stand for many; of none all of them are NaN. */

/** Room for the rounding of q · n, which is whole by intent where it is nearly so: 0.07 · 100 is 7.000000000000001. */
const ROUNDING = 1e-9;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of an even number of values the mean of the two in the middle. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** q-quantile by the nearest rank: the least of the values that at least a share q of them does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(q * sorted.length - ROUNDING) - 1)] ?? Number.NaN;
}
