/** Days whose counts fill a cache line. */
const BLOCK_DAYS = 16;
const DAY_BITS = 4;
const NONE = -1;
const [PERIOD, BLOCK] = [0, 1] as const;

/**
 * Counts by row and day, kept for 16 days together: a row's days lie beside each other, so most of what is counted needs one place in
 * memory, and a day takes four bytes. Days may come in any order.
 */
export class DayBlocks {
  /** By row: the block counted in last, and the 16 days that it is of, as a number. */
  private current = new Int32Array(2 * 64).fill(NONE);
  /** By row: its newest block; by block: the row's before it. */
  private readonly newest: number[] = [];
  private readonly before: number[] = [];
  private readonly periods: number[] = [];
  private counts = new Uint32Array(64 * BLOCK_DAYS);

  /** @param row a small number */
  add(row: number, day: number): void {
    if (row >= this.newest.length) this.addRows(row);
    const period = day >> DAY_BITS;
    const { current } = this;
    const isCurrent = current[2 * row + PERIOD] === period && current[2 * row + BLOCK] !== NONE;
    const block = isCurrent ? current[2 * row + BLOCK] : this.goTo(row, period);
    this.counts[block * BLOCK_DAYS + (day & (BLOCK_DAYS - 1))]++;
  }

  /** The row's days that have any, in no order. */
  eachDay(row: number, take: (day: number, count: number) => void): void {
    for (let block = this.newest[row] ?? NONE; block !== NONE; block = this.before[block]) {
      const firstDay = this.periods[block] * BLOCK_DAYS;
      for (let i = 0; i < BLOCK_DAYS; i++) {
        const count = this.counts[block * BLOCK_DAYS + i];
        if (count > 0) take(firstDay + i, count);
      }
    }
  }

  /** Of all rows together: days that have any. */
  dayCount(): number {
    let dayCount = 0;
    for (const count of this.counts) if (count > 0) dayCount++;
    return dayCount;
  }

  private addRows(row: number): void {
    while (this.newest.length <= row) this.newest.push(NONE);
    if (2 * row < this.current.length) return;
    const larger = new Int32Array(Math.max(2 * this.current.length, 2 * (row + 1))).fill(NONE);
    larger.set(this.current);
    this.current = larger;
  }

  /** @returns the row's block for the period, which is its current one from now on */
  private goTo(row: number, period: number): number {
    let block = this.newest[row];
    while (block !== NONE && this.periods[block] !== period) block = this.before[block];
    if (block === NONE) block = this.addBlock(row, period);
    this.current[2 * row + PERIOD] = period;
    this.current[2 * row + BLOCK] = block;
    return block;
  }

  private addBlock(row: number, period: number): number {
    const block = this.periods.push(period) - 1;
    this.before.push(this.newest[row]);
    this.newest[row] = block;
    if (block * BLOCK_DAYS === this.counts.length) {
      const larger = new Uint32Array(2 * this.counts.length);
      larger.set(this.counts);
      this.counts = larger;
    }
    return block;
  }
}
