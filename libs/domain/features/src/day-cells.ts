/** Impressions by row and day, where most rows have few days. */

const NONE = -1;
/** A power of two: a chunk of cells is 256 KiB. */
const CHUNK_CELLS = 16_384;
const CHUNK_BITS = 14;
const CELL_WORDS = 4;
/** Of a cell: the row's cell before it, its day, its impressions, and where its clicks are. */
const [BEFORE, DAY, IMPRESSIONS, CLICKED] = [0, 1, 2, 3] as const;
/** Cells of a row that are gone through one after the other; those of a row with more are found by a table. */
const LONGEST_CHAIN = 8;
/** In the table, of a cell: its row, and its number. */
const [ROW, CELL] = [0, 1] as const;

/**
 * Counts of impressions and of what followed from them, a cell for each row and day. A log shows most of a million videos on a few days,
 * and most of these without a click: so a cell is 16 bytes, what is known of clicks lies elsewhere, and a row's cells are found by going
 * through them as long as they are few. Cells and clicks are in chunks, so that growing copies none of them.
 */
export class DayCells {
  /** By row: its newest cell, shifted by one bit, which says whether its cells are in the table. */
  private newest = new Int32Array(64);
  private rowCount = 0;
  private cellCount = 0;
  private readonly chunks: Int32Array[] = [];
  private clickedCount = 0;
  private readonly clickCounts: Int32Array[] = [];
  private readonly clickSeconds: Float64Array[] = [];
  /** Open addressing, a power of two and at most half full. */
  private table = new Int32Array(2 * 64).fill(NONE);
  private tableCount = 0;

  /** How many row and day have any. */
  get size(): number {
    return this.cellCount;
  }

  get rows(): number {
    return this.rowCount;
  }

  /** @returns the row's number: one more than the last one's */
  addRow(): number {
    if (this.rowCount === this.newest.length) {
      const larger = new Int32Array(2 * this.newest.length);
      larger.set(this.newest);
      this.newest = larger;
    }
    this.newest[this.rowCount] = NONE << 1;
    return this.rowCount++;
  }

  /** The cell of a row and a day, made where there was none. */
  cellOf(row: number, day: number): number {
    const newest = this.newest[row];
    if ((newest & 1) === 1) return this.cellInTable(row, day);
    let length = 0;
    for (let cell = newest >> 1; cell !== NONE; length++) {
      const words = this.chunks[cell >>> CHUNK_BITS];
      const at = placeIn(cell);
      if (words[at + DAY] === day) return cell;
      cell = words[at + BEFORE];
    }
    if (length < LONGEST_CHAIN) return this.newCell(row, day, 0);
    for (let cell = newest >> 1; cell !== NONE; cell = this.chunks[cell >>> CHUNK_BITS][placeIn(cell) + BEFORE]) {
      this.enter(row, cell);
    }
    this.newest[row] = newest | 1;
    return this.cellInTable(row, day);
  }

  addImpression(cell: number): void {
    this.chunks[cell >>> CHUNK_BITS][placeIn(cell) + IMPRESSIONS]++;
  }

  /** Of an impression that was added. @param watchSeconds what followed */
  addClick(cell: number, watchSeconds: number): void {
    const words = this.chunks[cell >>> CHUNK_BITS];
    const at = placeIn(cell) + CLICKED;
    if (words[at] === NONE) words[at] = this.newClicked();
    const clicked = words[at];
    this.clickCounts[clicked >>> CHUNK_BITS][clicked & (CHUNK_CELLS - 1)]++;
    this.clickSeconds[clicked >>> CHUNK_BITS][clicked & (CHUNK_CELLS - 1)] += watchSeconds;
  }

  /** The row's days, the last one that was new first. */
  eachDay(
    row: number,
    take: (day: number, impressionCount: number, clickCount: number, clickWatchSeconds: number) => void,
  ): void {
    for (let cell = this.newest[row] >> 1; cell !== NONE;) {
      const words = this.chunks[cell >>> CHUNK_BITS];
      const at = placeIn(cell);
      const clicked = words[at + CLICKED];
      const place = clicked & (CHUNK_CELLS - 1);
      const clickCount = clicked === NONE ? 0 : this.clickCounts[clicked >>> CHUNK_BITS][place];
      const seconds = clicked === NONE ? 0 : this.clickSeconds[clicked >>> CHUNK_BITS][place];
      take(words[at + DAY], words[at + IMPRESSIONS], clickCount, seconds);
      cell = words[at + BEFORE];
    }
  }

  private cellInTable(row: number, day: number): number {
    const { table, chunks } = this;
    const mask = table.length - 2;
    for (let slot = (2 * hashOf(row, day)) & mask; ; slot = (slot + 2) & mask) {
      const cell = table[slot + CELL];
      if (cell === NONE) break;
      if (table[slot + ROW] === row && chunks[cell >>> CHUNK_BITS][placeIn(cell) + DAY] === day) return cell;
    }
    const cell = this.newCell(row, day, 1);
    this.enter(row, cell);
    return cell;
  }

  /** @param mark whether the row's cells are in the table: 1 or 0 */
  private newCell(row: number, day: number, mark: number): number {
    const cell = this.cellCount++;
    if ((cell & (CHUNK_CELLS - 1)) === 0) this.chunks.push(new Int32Array(CHUNK_CELLS * CELL_WORDS));
    const words = this.chunks[cell >>> CHUNK_BITS];
    const at = placeIn(cell);
    words[at + BEFORE] = this.newest[row] >> 1;
    words[at + DAY] = day;
    words[at + CLICKED] = NONE;
    this.newest[row] = (cell << 1) | mark;
    return cell;
  }

  private newClicked(): number {
    const clicked = this.clickedCount++;
    if ((clicked & (CHUNK_CELLS - 1)) === 0) {
      this.clickCounts.push(new Int32Array(CHUNK_CELLS));
      this.clickSeconds.push(new Float64Array(CHUNK_CELLS));
    }
    return clicked;
  }

  private enter(row: number, cell: number): void {
    this.tableCount++;
    if (4 * this.tableCount > this.table.length) this.growTable();
    this.put(this.table, row, cell);
  }

  private put(table: Int32Array, row: number, cell: number): void {
    const mask = table.length - 2;
    const day = this.chunks[cell >>> CHUNK_BITS][placeIn(cell) + DAY];
    let slot = (2 * hashOf(row, day)) & mask;
    while (table[slot + CELL] !== NONE) slot = (slot + 2) & mask;
    table[slot + ROW] = row;
    table[slot + CELL] = cell;
  }

  private growTable(): void {
    const { table } = this;
    const larger = new Int32Array(2 * table.length).fill(NONE);
    for (let slot = 0; slot < table.length; slot += 2) {
      if (table[slot + CELL] !== NONE) this.put(larger, table[slot + ROW], table[slot + CELL]);
    }
    this.table = larger;
  }
}

const placeIn = (cell: number) => (cell & (CHUNK_CELLS - 1)) * CELL_WORDS;

function hashOf(row: number, day: number): number {
  const mixed = Math.imul(row, 0x9e3779b1) ^ Math.imul(day | 0, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
