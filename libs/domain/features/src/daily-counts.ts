/**
 * Counts by key and day. As of a moment they hold whole UTC days only, those before the moment's own, with what followed from
 * their impressions in the end, be it after the moment. The grain is that of a nightly snapshot, which counts all but the newest
 * hours (docs/decisions/0141).
 */
import { DailySums } from './daily-sums';
import { DayBlocks } from './day-blocks';
import type { ImpressionCounts } from './types';
import { DAY_MS } from './time';

const NONE = -1;
/**
 * Where in a cell its whole numbers stand, the row's cell before it among them, and then its seconds, counted in doubles. A cell is
 * half a cache line, so what is at hand of it is all of it.
 */
const WHOLES = 8;
const [ROW, DAY, BEFORE, IMPRESSIONS, CLICKS] = [0, 1, 2, 3, 4] as const;
const DOUBLES = 4;
const CLICK_SECONDS = 3;

/** Additions that wait. */
const WAITING = 512;
/** In place of watch seconds. */
const NOT_CLICKED = -1;

/**
 * Collects in any order, then answers for any moment in O(log days). Additions after a question are fine; all sums are
 * then made anew as they are asked for.
 *
 * A replay adds user by user, so to any key and day at any time, and what it costs is going to memory. The impressions of a key and a
 * day are a cell, and the cells lie in one flat array that one table finds them in. Impressions wait until there are many: counted one
 * right after the other, they go to memory at the same time. So do watches, of which there are far more and only a number each: they
 * are kept for many days together.
 */
export class DailyCounts {
  private readonly rows = new Map<string, number>();
  /** Of those rows that were asked for since the last addition. */
  private sums: DailySums | undefined;
  /** By row: its newest cell; the others follow by `before`. */
  private readonly newest: number[] = [];
  private readonly watches = new DayBlocks();
  private cellCount = 0;
  private cells = new Int32Array(64 * WHOLES);
  /** The same memory. */
  private cellSeconds = new Float64Array(this.cells.buffer);
  /** Open addressing, a power of two and at most half full: the cell of a row and a day. */
  private table = new Int32Array(128).fill(NONE);
  private waitingCount = 0;
  private readonly waitingRows = new Int32Array(WAITING);
  private readonly waitingDays = new Int32Array(WAITING);
  /** Of what was clicked, or `NOT_CLICKED`. */
  private readonly waitingSeconds = new Float64Array(WAITING);
  private readonly waitingCells = new Int32Array(WAITING);
  private waitingWatchCount = 0;
  private readonly waitingWatchRows = new Int32Array(WAITING);
  private readonly waitingWatchDays = new Int32Array(WAITING);

  /** The number that the key is counted under, made when it is asked for first: for who counts the same key again and again. */
  rowOf(key: string): number {
    let row = this.rows.get(key);
    if (row === undefined) {
      row = this.newest.push(NONE) - 1;
      this.rows.set(key, row);
      this.sums = undefined;
    }
    return row;
  }

  /**
   * @param row as `rowOf` gives it
   * @param watchSeconds what followed, at least 0; only of a clicked one
   */
  addImpression(row: number, atMs: number, clicked: boolean, watchSeconds: number): void {
    const { waitingCount } = this;
    this.waitingRows[waitingCount] = row;
    this.waitingDays[waitingCount] = dayOf(atMs);
    this.waitingSeconds[waitingCount] = clicked ? watchSeconds : NOT_CLICKED;
    this.waitingCount = waitingCount + 1;
    if (this.waitingCount === WAITING) this.countWaiting();
  }

  /** @param row as `rowOf` gives it */
  addWatch(row: number, atMs: number): void {
    const { waitingWatchCount } = this;
    this.waitingWatchRows[waitingWatchCount] = row;
    this.waitingWatchDays[waitingWatchCount] = dayOf(atMs);
    this.waitingWatchCount = waitingWatchCount + 1;
    if (this.waitingWatchCount === WAITING) this.countWaitingWatches();
  }

  /** All whole days before the day of `atMs`; undefined where the key has none. */
  asOf(key: string, atMs: number): ImpressionCounts | undefined {
    this.countWaiting();
    this.countWaitingWatches();
    const row = this.rows.get(key);
    if (row === undefined) return undefined;
    const sums = (this.sums ??= new DailySums(this.newest.length, this.cellCount + this.watches.dayCount()));
    if (!sums.has(row)) this.sumUp(row, sums);
    return sums.asOf(row, dayOf(atMs));
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

  private countWaiting(): void {
    const { waitingCount, waitingRows, waitingDays, waitingSeconds, waitingCells } = this;
    if (waitingCount === 0) return;
    // All are found before the first is counted: neither step waits for the other's memory.
    for (let i = 0; i < waitingCount; i++) waitingCells[i] = this.cellAt(waitingRows[i], waitingDays[i]);
    const { cells, cellSeconds } = this;
    for (let i = 0; i < waitingCount; i++) {
      const at = waitingCells[i] * WHOLES;
      const seconds = waitingSeconds[i];
      cells[at + IMPRESSIONS]++;
      if (seconds === NOT_CLICKED) continue;
      cells[at + CLICKS]++;
      cellSeconds[waitingCells[i] * DOUBLES + CLICK_SECONDS] += seconds;
    }
    this.sums = undefined;
    this.waitingCount = 0;
  }

  private countWaitingWatches(): void {
    const { waitingWatchCount, waitingWatchRows, waitingWatchDays, watches } = this;
    if (waitingWatchCount === 0) return;
    for (let i = 0; i < waitingWatchCount; i++) watches.add(waitingWatchRows[i], waitingWatchDays[i]);
    this.sums = undefined;
    this.waitingWatchCount = 0;
  }

  private cellAt(row: number, day: number): number {
    const { table, cells } = this;
    const mask = table.length - 1;
    for (let slot = hashOf(row, day) & mask; ; slot = (slot + 1) & mask) {
      const cell = table[slot];
      if (cell === NONE) return this.newCell(row, day, slot);
      const at = cell * WHOLES;
      if (cells[at + ROW] === row && cells[at + DAY] === day) return cell;
    }
  }

  private newCell(row: number, day: number, slot: number): number {
    const cell = this.cellCount++;
    if (cell * WHOLES === this.cells.length) this.growCells();
    const at = cell * WHOLES;
    this.cells[at + ROW] = row;
    this.cells[at + DAY] = day;
    this.cells[at + BEFORE] = this.newest[row];
    this.newest[row] = cell;
    this.table[slot] = cell;
    if (2 * this.cellCount > this.table.length) this.growTable();
    return cell;
  }

  private growCells(): void {
    const larger = new Int32Array(2 * this.cells.length);
    larger.set(this.cells);
    this.cells = larger;
    this.cellSeconds = new Float64Array(larger.buffer);
  }

  private growTable(): void {
    const table = new Int32Array(2 * this.table.length).fill(NONE);
    const mask = table.length - 1;
    for (let cell = 0; cell < this.cellCount; cell++) {
      const at = cell * WHOLES;
      let slot = hashOf(this.cells[at + ROW], this.cells[at + DAY]) & mask;
      while (table[slot] !== NONE) slot = (slot + 1) & mask;
      table[slot] = cell;
    }
    this.table = table;
  }

  private sumUp(row: number, sums: DailySums): void {
    const { cells, cellSeconds } = this;
    for (let cell = this.newest[row]; cell !== NONE; cell = cells[cell * WHOLES + BEFORE]) {
      const at = cell * WHOLES;
      sums.addDay(cells[at + DAY], {
        impressionCount: cells[at + IMPRESSIONS],
        clickCount: cells[at + CLICKS],
        clickWatchSeconds: cellSeconds[cell * DOUBLES + CLICK_SECONDS],
        watchCount: 0,
      });
    }
    this.watches.eachDay(row, (day, watchCount) =>
      sums.addDay(day, { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount }),
    );
    sums.endRow(row);
  }
}

function hashOf(row: number, day: number): number {
  const mixed = Math.imul(row, 0x9e3779b1) ^ Math.imul(day | 0, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}
