/**
 * Where the records of one partition came to lie in another log. Both sides ascend. What follows each other on both is a run, and takes two
 * entries: of a log that is restored into as many partitions and has no holes there is one run for all. What lies alone takes one.
 *
 * Where a log is cut into another number of partitions nearly all lie alone, and all of them are held: in 8 bytes each, beside
 * JavaScript's heap, which is far smaller than the memory.
 */
const SMALLEST_CHUNK = 64;
const LARGEST_CHUNK = 65_536;
/** Of an entry's first word: the next entry is the last of the run that begins with this one. */
const BEGINS_RUN = 2 ** 31;
const LARGEST_FROM = BEGINS_RUN - 1;
const LARGEST_TO = 2 ** 32 - 1;

/** Entries whose offsets are counted from those of the first. */
class Chunk {
  count = 0;
  private readonly words: Uint32Array;

  constructor(
    readonly baseFrom: number,
    private readonly baseTo: number,
    private readonly capacity: number,
  ) {
    this.words = new Uint32Array(2 * capacity);
  }

  takes(from: number, to: number): boolean {
    return this.count < this.capacity && from - this.baseFrom <= LARGEST_FROM && to - this.baseTo <= LARGEST_TO;
  }

  push(from: number, to: number): void {
    this.set(this.count++, from, to);
  }

  /** Of an entry that begins no run. */
  set(index: number, from: number, to: number): void {
    this.words[2 * index] = from - this.baseFrom;
    this.words[2 * index + 1] = to - this.baseTo;
  }

  fromAt = (index: number): number => this.baseFrom + (this.words[2 * index] % BEGINS_RUN);
  toAt = (index: number): number => this.baseTo + this.words[2 * index + 1];
  beginsRun = (index: number): boolean => index >= 0 && this.words[2 * index] >= BEGINS_RUN;

  markRun(index: number): void {
    this.words[2 * index] += BEGINS_RUN;
  }

  unmarkRun(index: number): void {
    this.words[2 * index] -= BEGINS_RUN;
  }
}

export class OffsetMap {
  private readonly chunks: Chunk[] = [];
  private lastFrom = -1;
  private lastTo = -1;

  /** One that is known already is passed over: where an append was repeated, states count the first of both. */
  add(from: number, to: number): void {
    if (from <= this.lastFrom) return;
    const chunk = this.chunks.at(-1);
    const last = (chunk?.count ?? 0) - 1;
    const follows = from === this.lastFrom + 1 && to === this.lastTo + 1;
    this.lastFrom = from;
    this.lastTo = to;
    if (!chunk?.takes(from, to)) {
      const capacity = Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, this.entryCount()));
      const next = new Chunk(from, to, capacity);
      next.push(from, to);
      this.chunks.push(next);
    } else if (follows && chunk.beginsRun(last - 1)) chunk.set(last, from, to);
    else {
      if (follows) chunk.markRun(last);
      chunk.push(from, to);
    }
  }

  /** Where the last record at `from` or before it lies; -1 where there is none. */
  lastUpTo(from: number): number {
    if (from >= this.lastFrom) return this.lastTo;
    const chunk = this.chunks[countUpTo(this.chunks.length, (index) => this.chunks[index].baseFrom <= from) - 1];
    if (!chunk) return -1;
    const index = countUpTo(chunk.count, (each) => chunk.fromAt(each) <= from) - 1;
    return chunk.toAt(index) + (chunk.beginsRun(index) ? from - chunk.fromAt(index) : 0);
  }

  /** Forgets what came to lie at `to` or behind it. */
  cutAt(to: number): void {
    for (let chunk = this.chunks.at(-1); chunk; chunk = this.chunks.at(-1)) {
      while (chunk.count > 0 && chunk.toAt(chunk.count - 1) >= to) {
        const begin = chunk.count - 2;
        chunk.count--;
        if (!chunk.beginsRun(begin)) continue;
        // The part of the run that stays; one record is no run.
        const beyond = to - 1 - chunk.toAt(begin);
        const from = chunk.fromAt(begin) + beyond;
        if (beyond > 0) chunk.push(from, to - 1);
        else chunk.unmarkRun(begin);
      }
      if (chunk.count > 0) break;
      this.chunks.pop();
    }
    const chunk = this.chunks.at(-1);
    this.lastFrom = chunk ? chunk.fromAt(chunk.count - 1) : -1;
    this.lastTo = chunk ? chunk.toAt(chunk.count - 1) : -1;
  }

  private entryCount(): number {
    return this.chunks.reduce((sum, { count }) => sum + count, 0);
  }
}

/** How many of the first do, where none does after one that does not. */
function countUpTo(count: number, does: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (does(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
