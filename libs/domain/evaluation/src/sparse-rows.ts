/** A sparse square matrix by rows: row i holds columns[starts[i] … starts[i + 1]) with their values. */
export interface SparseRows {
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** Collects one row at a time in a dense accumulator, so that building costs no more than the additions. */
export class SparseRowsBuilder {
  private readonly sums: Float64Array;
  private readonly touched: number[] = [];
  private columns = new Int32Array(1024);
  private values = new Float32Array(1024);
  private readonly starts: Int32Array;
  private rowCount = 0;
  private count = 0;

  constructor(size: number) {
    this.sums = new Float64Array(size);
    this.starts = new Int32Array(size + 1);
  }

  /** @param value positive: a sum of zero means "not there" */
  add(column: number, value: number): void {
    if (this.sums[column] === 0) this.touched.push(column);
    this.sums[column] += value;
  }

  /**
   * Ends the row: what was added, scaled, only the `most` largest values (ties by column).
   * @param scale of a column's sum; default 1
   */
  endRow(most = Infinity, scale: (column: number) => number = () => 1): void {
    const { sums, touched } = this;
    for (const column of touched) sums[column] *= scale(column);
    if (touched.length > most) touched.sort((a, b) => sums[b] - sums[a] || a - b);
    const kept = Math.min(touched.length, most);
    if (this.count + kept > this.columns.length) this.grow(this.count + kept);
    for (let i = 0; i < kept; i += 1) {
      this.columns[this.count] = touched[i];
      this.values[this.count] = sums[touched[i]];
      this.count += 1;
    }
    for (const column of touched) sums[column] = 0;
    touched.length = 0;
    this.rowCount += 1;
    this.starts[this.rowCount] = this.count;
  }

  build(): SparseRows {
    const { count } = this;
    return { starts: this.starts, columns: this.columns.slice(0, count), values: this.values.slice(0, count) };
  }

  private grow(least: number): void {
    const size = Math.max(least, 2 * this.columns.length);
    const [columns, values] = [new Int32Array(size), new Float32Array(size)];
    columns.set(this.columns);
    values.set(this.values);
    [this.columns, this.values] = [columns, values];
  }
}

/** out += weight · row. */
export function addRow({ starts, columns, values }: SparseRows, row: number, weight: number, out: Float64Array): void {
  for (let i = starts[row]; i < starts[row + 1]; i += 1) out[columns[i]] += weight * values[i];
}
