/**
 * Counts by key and day. As of a moment they hold whole UTC days only, those before the moment's own, with what followed from
 * their impressions in the end, be it after the moment. The grain is that of a nightly snapshot, which counts all but the newest
 * hours (docs/decisions/0141).
 */
import { DailySums } from './daily-sums';
import { DayBlocks } from './day-blocks';
import { DayCells } from './day-cells';
import type { ImpressionCounts } from './types';
import { DAY_MS } from './time';

/** Additions that wait. */
const WAITING = 512;
/** In place of watch seconds. */
const NOT_CLICKED = -1;

/**
 * Collects in any order, then answers for any moment in O(log days). Additions after a question are fine; all sums are
 * then made anew as they are asked for.
 *
 * A replay adds user by user, so to any key and day at any time, and what it costs is going to memory. Impressions wait until there are
 * many: counted one right after the other, they go to memory at the same time. So do watches, which are only a number each, and are
 * kept for many days together.
 */
export abstract class CountsByRow {
  /** Of those rows that were asked for since the last addition. */
  private sums: DailySums | undefined;
  private readonly cells = new DayCells();
  private readonly watches = new DayBlocks();
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
  abstract rowOf(key: string): number;

  /** Undefined where it is not counted. */
  abstract rowIfAny(key: string): number | undefined;

  /** The key of a row that there is. */
  abstract keyOf(row: number): string;

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
    const row = this.rowIfAny(key);
    if (row === undefined) return undefined;
    const sums = (this.sums ??= new DailySums(this.cells.rows, this.cells.size + this.watches.dayCount()));
    if (!sums.has(row)) this.sumUp(row, sums);
    return sums.asOf(row, dayOf(atMs));
  }

  /** Of every key that has any: as `asOf`; Infinity for everything, the last day too. */
  allAsOf(atMs: number): Map<string, ImpressionCounts> {
    const all = new Map<string, ImpressionCounts>();
    for (let row = 0; row < this.cells.rows; row++) {
      const key = this.keyOf(row);
      const counts = this.asOf(key, atMs);
      if (counts) all.set(key, counts);
    }
    return all;
  }

  /** The next one. */
  protected addRow(): number {
    this.sums = undefined;
    return this.cells.addRow();
  }

  private countWaiting(): void {
    const { waitingCount, waitingRows, waitingDays, waitingSeconds, waitingCells, cells } = this;
    if (waitingCount === 0) return;
    // All are found before the first is counted: neither step waits for the other's memory.
    for (let i = 0; i < waitingCount; i++) waitingCells[i] = cells.cellOf(waitingRows[i], waitingDays[i]);
    for (let i = 0; i < waitingCount; i++) {
      cells.addImpression(waitingCells[i]);
      if (waitingSeconds[i] !== NOT_CLICKED) cells.addClick(waitingCells[i], waitingSeconds[i]);
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

  private sumUp(row: number, sums: DailySums): void {
    this.cells.eachDay(row, (day, impressionCount, clickCount, clickWatchSeconds) =>
      sums.addDay(day, { impressionCount, clickCount, clickWatchSeconds, watchCount: 0 }),
    );
    this.watches.eachDay(row, (day, watchCount) =>
      sums.addDay(day, { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount }),
    );
    sums.endRow(row);
  }
}

/** Counts by keys of their own. */
export class DailyCounts extends CountsByRow {
  private readonly rows = new Map<string, number>();
  private readonly keys: string[] = [];

  rowOf(key: string): number {
    let row = this.rows.get(key);
    if (row === undefined) {
      row = this.addRow();
      this.rows.set(key, row);
      this.keys.push(key);
    }
    return row;
  }

  rowIfAny(key: string): number | undefined {
    return this.rows.get(key);
  }

  keyOf(row: number): string {
    return this.keys[row];
  }
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}
