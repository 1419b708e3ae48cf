/** Tables of text, columns side by side, and how numbers stand in them. */
import { alignColumns } from '@watchnext/command-line';
import type { CalibrationRow } from '@watchnext/evaluation';

/** A dash for what no number says: a ratio of nothing, or an interval of nobody. */
export const fixed = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');

export const signed = (value: number): string =>
  Number.isFinite(value) ? `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}` : '–';

/** From the least to the greatest ratio; tenths without a watched second have none, and are counted beside it. */
export function ratioRange(rows: readonly CalibrationRow[]): string {
  const ratios = rows.map(({ ratio }) => ratio).filter(Number.isFinite);
  const range = ratios.length > 0 ? `${fixed(Math.min(...ratios), 2)} to ${fixed(Math.max(...ratios), 2)}` : '–';
  const left = rows.length - ratios.length;
  return left > 0 ? `${range} (${left} without a watched second left out)` : range;
}

/** All columns to the left. */
export const align = (rows: readonly (readonly string[])[]): string => alignColumns(rows, Infinity);
