import type { ImpressionCounts } from './types';

/**
 * A day of a row is an entry of 24 bytes: four whole numbers, then the seconds. A row's entries lie one after the other, days
 * ascending; all are in one buffer, since objects would take several times as much.
 */
const WHOLES = 6;
const [DAY, IMPRESSIONS, CLICKS, WATCHES] = [0, 1, 2, 3] as const;
const DOUBLES = 3;
const CLICK_SECONDS = 2;

const NOT_SUMMED = -1;

/** What was counted by row and day, summed up to each day: row by row, as they are asked for, and then for millions of questions. */
export class DailySums {
  /** By row: its first entry, and the one after its last. */
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  private readonly wholes: Int32Array;
  private readonly doubles: Float64Array;
  private entryCount = 0;
  /** Of the row that is being summed: its days as they were added. */
  private readonly days: number[] = [];
  private readonly counts: ImpressionCounts[] = [];

  /** @param mostDays that all rows have together, a day that is added twice counted twice; what is not used takes no memory */
  constructor(rowCount: number, mostDays: number) {
    this.starts = new Int32Array(rowCount).fill(NOT_SUMMED);
    this.ends = new Int32Array(rowCount);
    const bytes = new ArrayBuffer(8 * DOUBLES * mostDays);
    this.wholes = new Int32Array(bytes);
    this.doubles = new Float64Array(bytes);
  }

  has(row: number): boolean {
    return this.starts[row] !== NOT_SUMMED;
  }

  /** A day of the row that `endRow` is called for next, in any order. */
  addDay(day: number, counts: ImpressionCounts): void {
    this.days.push(day);
    this.counts.push(counts);
  }

  endRow(row: number): void {
    const { days, counts } = this;
    const order = days.map((_, i) => i).sort((left, right) => days[left] - days[right]);
    let total: ImpressionCounts = { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 };
    this.starts[row] = this.entryCount;
    order.forEach((i, n) => {
      total = {
        impressionCount: total.impressionCount + counts[i].impressionCount,
        clickCount: total.clickCount + counts[i].clickCount,
        clickWatchSeconds: total.clickWatchSeconds + counts[i].clickWatchSeconds,
        watchCount: total.watchCount + counts[i].watchCount,
      };
      if (n + 1 === order.length || days[order[n + 1]] !== days[i]) this.push(days[i], total);
    });
    this.ends[row] = this.entryCount;
    days.length = 0;
    counts.length = 0;
  }

  /** All that the row has on days before `day`; undefined where that is nothing. */
  asOf(row: number, day: number): ImpressionCounts | undefined {
    const { wholes } = this;
    const first = this.starts[row];
    let low = first;
    let high = this.ends[row];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (wholes[WHOLES * middle + DAY] < day) low = middle + 1;
      else high = middle;
    }
    if (low === first) return undefined;
    const at = WHOLES * (low - 1);
    return {
      impressionCount: wholes[at + IMPRESSIONS],
      clickCount: wholes[at + CLICKS],
      clickWatchSeconds: this.doubles[DOUBLES * (low - 1) + CLICK_SECONDS],
      watchCount: wholes[at + WATCHES],
    };
  }

  private push(day: number, { impressionCount, clickCount, clickWatchSeconds, watchCount }: ImpressionCounts): void {
    const at = WHOLES * this.entryCount;
    this.wholes[at + DAY] = day;
    this.wholes[at + IMPRESSIONS] = impressionCount;
    this.wholes[at + CLICKS] = clickCount;
    this.wholes[at + WATCHES] = watchCount;
    this.doubles[DOUBLES * this.entryCount + CLICK_SECONDS] = clickWatchSeconds;
    this.entryCount++;
  }
}
