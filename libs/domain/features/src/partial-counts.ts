import { CountsByRow, type DailyCounts } from './daily-counts';

const NONE = -1;

/**
 * Counts of what has a row in a whole too, as of videos on one surface: found by that row, as a map of their texts for each surface would take
 * several times as much.
 */
export class PartialCounts extends CountsByRow {
  private count = 0;
  /** By row of the whole. */
  private rows = new Int32Array(64).fill(NONE);
  private wholeRows = new Int32Array(64);

  constructor(private readonly whole: DailyCounts) {
    super();
  }

  /** A key that the whole has not yet gets a row there too. */
  rowOf(key: string): number {
    return this.rowAt(this.whole.rowOf(key));
  }

  /** The same by the key's row in the whole. */
  rowAt(wholeRow: number): number {
    if (wholeRow >= this.rows.length) this.rows = grown(this.rows, wholeRow + 1);
    if (this.rows[wholeRow] === NONE) {
      if (this.count === this.wholeRows.length) this.wholeRows = grown(this.wholeRows, this.count + 1);
      this.wholeRows[this.count++] = wholeRow;
      this.rows[wholeRow] = this.addRow();
    }
    return this.rows[wholeRow];
  }

  rowIfAny(key: string): number | undefined {
    const wholeRow = this.whole.rowIfAny(key);
    if (wholeRow === undefined || wholeRow >= this.rows.length || this.rows[wholeRow] === NONE) return undefined;
    return this.rows[wholeRow];
  }

  keyOf(row: number): string {
    return this.whole.keyOf(this.wholeRows[row]);
  }
}

function grown(rows: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(length, 2 * rows.length)).fill(NONE, rows.length);
  larger.set(rows);
  return larger;
}
