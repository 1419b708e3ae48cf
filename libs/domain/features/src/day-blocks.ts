const BLOCK_DAYS = 16;
const DAY_BITS = 4;
const NONE = -1;
/** Of a row: the block counted in last, the 16 days that this is of, as a number, and its newest block. */
const [PERIOD, BLOCK, NEWEST] = [0, 1, 2] as const;
const ROW_WORDS = 3;
/** Of a block: the row's before it, and the days that it is of; then come its counts. */
const [BEFORE, DAYS] = [0, 1] as const;
const BLOCK_WORDS = 6;
const COUNTS_AT = 8;
/** A power of two: a chunk of blocks is 384 KiB. */
const CHUNK_BLOCKS = 16_384;
const CHUNK_BITS = 14;
/** One more than a byte holds. */
const CARRY = 256;

/**
 * Counts by row and day, kept for 16 days together: a row's days lie beside each other, so most of what is counted needs one place in
 * memory. A count is a byte, since few of a million videos are watched more often on a day; how often it went beyond that lies
 * elsewhere. Blocks are in chunks, so that growing copies none. Days may come in any order.
 */
export class DayBlocks {
  private rows = new Int32Array(64 * ROW_WORDS).fill(NONE);
  private blockCount = 0;
  private readonly words: Int32Array[] = [];
  /** The same memory. */
  private readonly counts: Uint8Array[] = [];
  /** By block and day. */
  private readonly carries = new Map<number, number>();

  /** @param row a small number */
  add(row: number, day: number): void {
    const own = ROW_WORDS * row;
    if (own >= this.rows.length) this.addRows(row);
    const period = day >> DAY_BITS;
    const { rows } = this;
    const isCurrent = rows[own + PERIOD] === period && rows[own + BLOCK] !== NONE;
    const block = isCurrent ? rows[own + BLOCK] : this.goTo(own, period);
    const place = day & (BLOCK_DAYS - 1);
    // A byte that was full is 0 after this.
    if (++this.counts[block >>> CHUNK_BITS][countsIn(block) + place] === CARRY) this.carry(block * BLOCK_DAYS + place);
  }

  /** The row's days that have any, in no order. */
  eachDay(row: number, take: (day: number, count: number) => void): void {
    let block = this.rows[ROW_WORDS * row + NEWEST] ?? NONE;
    while (block !== NONE) {
      const words = this.words[block >>> CHUNK_BITS];
      const at = wordsIn(block);
      const firstDay = words[at + DAYS] * BLOCK_DAYS;
      for (let place = 0; place < BLOCK_DAYS; place++) {
        const count = this.countAt(block, place);
        if (count > 0) take(firstDay + place, count);
      }
      block = words[at + BEFORE];
    }
  }

  /** Of all rows together: days that have any. */
  dayCount(): number {
    let dayCount = 0;
    for (let block = 0; block < this.blockCount; block++) {
      for (let place = 0; place < BLOCK_DAYS; place++) if (this.countAt(block, place) > 0) dayCount++;
    }
    return dayCount;
  }

  private countAt(block: number, place: number): number {
    const count = this.counts[block >>> CHUNK_BITS][countsIn(block) + place];
    return this.carries.size === 0 ? count : count + CARRY * (this.carries.get(block * BLOCK_DAYS + place) ?? 0);
  }

  private carry(key: number): void {
    this.carries.set(key, (this.carries.get(key) ?? 0) + 1);
  }

  private addRows(row: number): void {
    const larger = new Int32Array(Math.max(2 * this.rows.length, ROW_WORDS * (row + 1))).fill(NONE);
    larger.set(this.rows);
    this.rows = larger;
  }

  /** @returns the row's block for the period, which is its current one from now on */
  private goTo(own: number, period: number): number {
    const { rows, words } = this;
    let block = rows[own + NEWEST];
    while (block !== NONE && words[block >>> CHUNK_BITS][wordsIn(block) + DAYS] !== period) {
      block = words[block >>> CHUNK_BITS][wordsIn(block) + BEFORE];
    }
    if (block === NONE) block = this.addBlock(own, period);
    rows[own + PERIOD] = period;
    rows[own + BLOCK] = block;
    return block;
  }

  private addBlock(own: number, period: number): number {
    const block = this.blockCount++;
    if ((block & (CHUNK_BLOCKS - 1)) === 0) {
      const words = new Int32Array(CHUNK_BLOCKS * BLOCK_WORDS);
      this.words.push(words);
      this.counts.push(new Uint8Array(words.buffer));
    }
    const words = this.words[block >>> CHUNK_BITS];
    words[wordsIn(block) + BEFORE] = this.rows[own + NEWEST];
    words[wordsIn(block) + DAYS] = period;
    this.rows[own + NEWEST] = block;
    return block;
  }
}

const wordsIn = (block: number) => (block & (CHUNK_BLOCKS - 1)) * BLOCK_WORDS;
const countsIn = (block: number) => 4 * wordsIn(block) + COUNTS_AT;
