/**
 * Counts by key and day. As of a moment they hold whole UTC days only, those before the moment's own: the same grain at
 * which a nightly snapshot carries them, so training sees them as old as serving does.
 */
import { DAY_IN_MS } from './limits';
import type { ImpressionCounts } from './types';

/** Of a key, days ascending with the counts of each day and all before it. */
interface Sums {
  readonly days: readonly number[];
  readonly upTo: readonly ImpressionCounts[];
}

const NONE = -1;
/** Numbers of a cell: as `ImpressionCounts`. */
const WIDTH = 4;

/**
 * Collects in any order, then answers for any moment in O(log days). Additions after a question are fine; the key's sums
 * are then made anew.
 *
 * A replay adds user by user, so to any key and day at any time, and what it costs is going to memory: the counts of a key and a
 * day are a cell, and the cells lie in flat arrays that one table finds them in.
 */
export class DailyCounts {
  private readonly rows = new Map<string, number>();
  private sums: (Sums | undefined)[] = [];
  /** By row: its newest cell; the others follow by `before`. */
  private readonly newest: number[] = [];
  private cellCount = 0;
  private rowOf = new Int32Array(64);
  private dayOf = new Float64Array(64);
  private before = new Int32Array(64);
  private counts = new Float64Array(64 * WIDTH);
  /** Open addressing, a power of two and at most half full: the cell of a row and a day. */
  private table = new Int32Array(128).fill(NONE);

  /** @param watchSeconds what followed; only of a clicked one */
  addImpression(key: string, atMs: number, clicked: boolean, watchSeconds: number): void {
    const at = this.cellAt(key, atMs) * WIDTH;
    const { counts } = this;
    counts[at]++;
    if (!clicked) return;
    counts[at + 1]++;
    counts[at + 2] += watchSeconds;
  }

  addWatch(key: string, atMs: number): void {
    const at = this.cellAt(key, atMs) * WIDTH;
    this.counts[at + 3]++;
  }

  /** All whole days before the day of `atMs`; undefined where the key has none. */
  asOf(key: string, atMs: number): ImpressionCounts | undefined {
    const row = this.rows.get(key);
    if (row === undefined) return undefined;
    const { days, upTo } = (this.sums[row] ??= this.sumsOf(row));
    const today = dayOf(atMs);
    let low = 0;
    let high = days.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (days[middle] < today) low = middle + 1;
      else high = middle;
    }
    return upTo[low - 1];
  }

  /** Of every key that has any: as `asOf`; Infinity for everything, the last day too. */
  allAsOf(atMs: number): Map<string, ImpressionCounts> {
    const all = new Map<string, ImpressionCounts>();
    for (const key of this.rows.keys()) {
      const counts = this.asOf(key, atMs);
      if (counts) all.set(key, counts);
    }
    return all;
  }

  private cellAt(key: string, atMs: number): number {
    let row = this.rows.get(key);
    if (row === undefined) {
      row = this.newest.push(NONE) - 1;
      this.rows.set(key, row);
    }
    // While nothing is asked, there are no sums to look at.
    if (this.sums.length > 0) this.sums[row] = undefined;
    const day = dayOf(atMs);
    const mask = this.table.length - 1;
    for (let slot = hashOf(row, day) & mask; ; slot = (slot + 1) & mask) {
      const cell = this.table[slot];
      if (cell === NONE) return this.newCell(row, day, slot);
      if (this.rowOf[cell] === row && this.dayOf[cell] === day) return cell;
    }
  }

  private newCell(row: number, day: number, slot: number): number {
    const cell = this.cellCount++;
    if (cell === this.rowOf.length) this.growCells();
    this.rowOf[cell] = row;
    this.dayOf[cell] = day;
    this.before[cell] = this.newest[row];
    this.newest[row] = cell;
    this.table[slot] = cell;
    if (2 * this.cellCount > this.table.length) this.growTable();
    return cell;
  }

  private growCells(): void {
    const size = 2 * this.rowOf.length;
    this.rowOf = larger(this.rowOf, new Int32Array(size));
    this.dayOf = larger(this.dayOf, new Float64Array(size));
    this.before = larger(this.before, new Int32Array(size));
    this.counts = larger(this.counts, new Float64Array(size * WIDTH));
  }

  private growTable(): void {
    const table = new Int32Array(2 * this.table.length).fill(NONE);
    const mask = table.length - 1;
    for (let cell = 0; cell < this.cellCount; cell++) {
      let slot = hashOf(this.rowOf[cell], this.dayOf[cell]) & mask;
      while (table[slot] !== NONE) slot = (slot + 1) & mask;
      table[slot] = cell;
    }
    this.table = table;
  }

  private sumsOf(row: number): Sums {
    const cells: number[] = [];
    for (let cell = this.newest[row]; cell !== NONE; cell = this.before[cell]) cells.push(cell);
    cells.sort((left, right) => this.dayOf[left] - this.dayOf[right]);
    const upTo: ImpressionCounts[] = [];
    let total: ImpressionCounts = { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 };
    const { counts } = this;
    for (const cell of cells) {
      const at = cell * WIDTH;
      total = {
        impressionCount: total.impressionCount + counts[at],
        clickCount: total.clickCount + counts[at + 1],
        clickWatchSeconds: total.clickWatchSeconds + counts[at + 2],
        watchCount: total.watchCount + counts[at + 3],
      };
      upTo.push(total);
    }
    return { days: cells.map((cell) => this.dayOf[cell]), upTo };
  }
}

function larger<Values extends Int32Array | Float64Array>(values: Values, into: Values): Values {
  into.set(values);
  return into;
}

function hashOf(row: number, day: number): number {
  const mixed = Math.imul(row, 0x9e3779b1) ^ Math.imul(day | 0, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_IN_MS);
}
