import type { Interval } from '@watchnext/experiments';

export const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${share > 0 ? '+' : ''}${(100 * share).toFixed(digits)}%` : '–';

export const percentInterval = ({ low, high }: Interval): string =>
  Number.isFinite(low) && Number.isFinite(high) ? `${percent(low)} to ${percent(high)}` : '–';

export const number = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size >= 1_000
    ? value.toLocaleString('en-US', { maximumFractionDigits: 0 })
    : value.toFixed(size >= 100 ? 1 : size >= 1 ? 2 : 4);
};

export const pValue = (p: number): string =>
  Number.isFinite(p) ? (p < 0.0001 ? p.toExponential(0) : p.toFixed(4)) : '–';
export const whole = (count: number): string => count.toLocaleString('en-US');
export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Monospaced; the first column to the left, the others to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].map((text) => `  ${text}`).join('\n');
}
