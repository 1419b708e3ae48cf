import type { Metric } from '@watchnext/contract';
import type { Interval } from './user-ratio';

/** One number: what was measured, of which scorer. */
export interface MetricRow {
  /** As "candidates.recall@100". */
  readonly name: string;
  /** "model", "popularity", … */
  readonly scorer: string;
  readonly value: number;
  /** 95% by bootstrap over users, where one was taken. */
  readonly interval?: Interval;
}

export type MetricTable = readonly MetricRow[];

/** The value of one row; NaN where there is none. */
export function metricValue(table: MetricTable, name: string, scorer: string): number {
  return table.find((row) => row.name === name && row.scorer === scorer)?.value ?? NaN;
}

/** A metric's value, as tables show it. */
export const metricText = (value: number) =>
  Number.isFinite(value) ? value.toFixed(Math.abs(value) >= 100 ? 1 : 4) : String(value);

/**
 * Monospaced text, a line for each row, the first one underlined as the header.
 * @param numeric the column that is aligned to the right
 */
function alignColumns(rows: readonly (readonly string[])[], numeric: number): string {
  const [header] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === numeric ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n');
}

/** Monospaced text, a row per metric in the order of first appearance, a column each for scorer, value, interval. */
export function renderTable(table: MetricTable): string {
  const header = ['metric', 'scorer', 'value', '95% interval'];
  const names = [...new Set(table.map((row) => row.name))];
  const rows = names.flatMap((name) =>
    table
      .filter((row) => row.name === name)
      .map((row, index) => [
        index === 0 ? name : '',
        row.scorer,
        metricText(row.value),
        row.interval && Number.isFinite(row.interval.low)
          ? `${metricText(row.interval.low)} to ${metricText(row.interval.high)}`
          : '',
      ]),
  );
  return alignColumns([header, ...rows], header.indexOf('value'));
}

/** JSON has no NaN: what could not be measured becomes null, so that it cannot pass for a number. */
export function tableToJson(table: MetricTable) {
  const number = (value: number) => (Number.isFinite(value) ? value : null);
  return table.map(({ name, scorer, value, interval }) => ({
    name,
    scorer,
    value: number(value),
    ...(interval ? { interval95: [number(interval.low), number(interval.high)] } : {}),
  }));
}

/** Rows as the snapshot manifest holds them; what could not be measured is left out. */
export function tableToMetrics(table: MetricTable): Metric[] {
  return table.filter((row) => Number.isFinite(row.value)).map(({ name, scorer, value }) => ({ name, scorer, value }));
}
