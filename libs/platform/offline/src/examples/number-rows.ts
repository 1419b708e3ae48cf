/** A power of two: 1 MiB. */
const CHUNK_WORDS = 262_144;
/** So that places fit 32 bits. */
const MOST_CHUNKS = 2 ** 32 / CHUNK_WORDS;

/** How a number is held, two bits of a row's 64. */
const ZERO = 0;
const NAN = 1;
const SINGLE = 2;
const DOUBLE = 3;

const scratch = new Uint32Array(2);
const asSingle = new Float32Array(scratch.buffer);
const asDouble = new Float64Array(scratch.buffer);

/**
 * Rows of a few numbers, none of them changed: of features, half are 0 or NaN and half of the others are small whole numbers, so
 * zeros and NaN take only their mark, and what 32 bits can hold takes 32.
 */
export class NumberRows {
  private readonly chunks: Uint32Array[] = [];
  /** In the last chunk. */
  private used = CHUNK_WORDS;

  /** @param width numbers of a row, at most 32 */
  constructor(private readonly width: number) {}

  /** @returns what `at` takes: a whole number below 2^32, up to 16 GiB of rows */
  add(numbers: Float64Array): number {
    const { width } = this;
    if (this.used + 2 + 2 * width > CHUNK_WORDS) {
      if (this.chunks.length === MOST_CHUNKS) throw new RangeError('more rows of numbers than can be numbered');
      this.chunks.push(new Uint32Array(CHUNK_WORDS));
      this.used = 0;
    }
    const chunk = this.chunks[this.chunks.length - 1];
    const start = this.used;
    let next = start + 2;
    for (let half = 0; half < 2; half++) {
      let marks = 0;
      const from = 16 * half;
      for (let i = from; i < width && i < from + 16; i++) {
        const value = numbers[i];
        let mark: number;
        // −0 is no 0 here: it is a single.
        if (value === 0 && 1 / value > 0) mark = ZERO;
        else if (value !== value) mark = NAN;
        else if (Math.fround(value) === value) {
          mark = SINGLE;
          asSingle[0] = value;
          chunk[next++] = scratch[0];
        } else {
          mark = DOUBLE;
          asDouble[0] = value;
          chunk[next++] = scratch[0];
          chunk[next++] = scratch[1];
        }
        marks |= mark << (2 * (i - from));
      }
      chunk[start + half] = marks;
    }
    this.used = next;
    return (this.chunks.length - 1) * CHUNK_WORDS + start;
  }

  at(place: number): Float64Array {
    const chunk = this.chunks[Math.floor(place / CHUNK_WORDS)];
    const start = place % CHUNK_WORDS;
    const numbers = new Float64Array(this.width);
    let next = start + 2;
    for (let i = 0; i < numbers.length; i++) {
      const mark = (chunk[start + (i >> 4)] >>> (2 * (i & 15))) & 3;
      if (mark === NAN) numbers[i] = NaN;
      else if (mark === SINGLE) {
        scratch[0] = chunk[next++];
        numbers[i] = asSingle[0];
      } else if (mark === DOUBLE) {
        scratch[0] = chunk[next++];
        scratch[1] = chunk[next++];
        numbers[i] = asDouble[0];
      }
    }
    return numbers;
  }
}
