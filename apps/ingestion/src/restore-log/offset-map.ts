/**
 * Where the records of one partition came to lie in another log. Both sides ascend, and what follows each other on both takes one
 * entry: of a log that is restored into as many partitions and has no holes there is one for all.
 */
export class OffsetMap {
  private readonly from: number[] = [];
  private readonly to: number[] = [];
  private readonly lengths: number[] = [];
  private lastFrom = -1;
  private lastTo = -1;

  /** One that is known already is passed over: where an append was repeated, states count the first of both. */
  add(from: number, to: number): void {
    if (from <= this.lastFrom) return;
    const follows = from === this.lastFrom + 1 && to === this.lastTo + 1 && this.from.length > 0;
    if (follows) {
      this.lengths[this.lengths.length - 1]++;
    } else {
      this.from.push(from);
      this.to.push(to);
      this.lengths.push(1);
    }
    this.lastFrom = from;
    this.lastTo = to;
  }

  /** Where the last record at `from` or before it lies; -1 where there is none. */
  lastUpTo(from: number): number {
    if (from >= this.lastFrom) return this.lastTo;
    let low = 0;
    let high = this.from.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.from[middle] <= from) low = middle + 1;
      else high = middle;
    }
    const run = low - 1;
    return run < 0 ? -1 : this.to[run] + Math.min(from - this.from[run], this.lengths[run] - 1);
  }
}
