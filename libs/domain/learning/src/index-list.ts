const PAGE_LENGTH = 262_144;

/** Where rows begin in a list is kept in 32 bits with a sign: beyond, these would turn negative and point at other rows. */
const MOST_INDICES = 2 ** 31 - 1;

/**
 * A list of whole numbers that grows, outside the heap and without ever being copied as a whole on the way: as an array of the
 * language's it would take eight bytes for each and end at a hundred million or so.
 */
export class IndexList {
  private pages: Int32Array[] = [];
  private count = 0;

  constructor(private readonly limit = MOST_INDICES) {}

  get length(): number {
    return this.count;
  }

  /** @throws RangeError when the list is full */
  push(index: number): void {
    if (this.count >= this.limit) {
      throw new RangeError(
        `the examples hold more than ${this.limit} indices in one list, the most that it can take: train on fewer of them`,
      );
    }
    const at = this.count % PAGE_LENGTH;
    if (at === 0) this.pages.push(new Int32Array(PAGE_LENGTH));
    this.pages[this.pages.length - 1][at] = index;
    this.count++;
  }

  /** All of them in one array; the list is empty then. */
  take(): Int32Array {
    const indices = new Int32Array(this.count);
    // The last pages first, so that each can go as soon as it is copied.
    for (let page = this.pages.pop(); page; page = this.pages.pop()) {
      const from = this.pages.length * PAGE_LENGTH;
      indices.set(page.subarray(0, Math.min(PAGE_LENGTH, this.count - from)), from);
    }
    this.count = 0;
    return indices;
  }
}
