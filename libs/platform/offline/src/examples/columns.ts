/** Columns that grow: what examples hold is in few large arrays, not in millions of objects. */

type Wholes = Uint8Array | Uint16Array | Uint32Array;

/** A power of two. */
const CHUNK_LENGTH = 65_536;
const CHUNK_BITS = 16;
const PLACE_MASK = CHUNK_LENGTH - 1;

/** In chunks, so that growing copies nothing, and no more room than one of them is kept for what may come. */
class Doubles {
  length = 0;
  private readonly chunks: Float64Array[] = [];

  push(value: number): void {
    const place = this.length & PLACE_MASK;
    if (place === 0) this.chunks.push(new Float64Array(CHUNK_LENGTH));
    this.chunks[this.length >>> CHUNK_BITS][place] = value;
    this.length++;
  }

  at(row: number): number {
    return this.chunks[row >>> CHUNK_BITS][row & PLACE_MASK];
  }
}

/** Numbers that whole logs lack: a chunk without any takes nothing. */
export class OptionalDoubles {
  private length = 0;
  private readonly chunks: (Float64Array | undefined)[] = [];

  /** @param value no NaN */
  push(value: number | undefined): void {
    const place = this.length & PLACE_MASK;
    if (place === 0) this.chunks.push(undefined);
    if (value !== undefined) this.chunkAt(this.length >>> CHUNK_BITS)[place] = value;
    this.length++;
  }

  at(row: number): number | undefined {
    const value = this.chunks[row >>> CHUNK_BITS]?.[row & PLACE_MASK];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  private chunkAt(index: number): Float64Array {
    return (this.chunks[index] ??= new Float64Array(CHUNK_LENGTH).fill(NaN));
  }
}

const WIDTHS = [Uint8Array, Uint16Array, Uint32Array] as const;

/** Whole numbers from 0 up to 2^32 - 1, in as many bytes as the largest so far takes: places in lists take one, numbers of lists four. */
export class WholeNumbers {
  length = 0;
  private readonly chunks: Wholes[] = [];
  /** Which of `WIDTHS` the last chunk has, and the most that fits. */
  private width = 0;
  private most = 2 ** 8 - 1;

  push(value: number): void {
    const place = this.length & PLACE_MASK;
    if (place === 0) this.chunks.push(new WIDTHS[this.width](CHUNK_LENGTH));
    if (value > this.most) this.widen(value);
    this.chunks[this.length >>> CHUNK_BITS][place] = value;
    this.length++;
  }

  at(row: number): number {
    return this.chunks[row >>> CHUNK_BITS][row & PLACE_MASK];
  }

  private widen(value: number): void {
    while (value > this.most && this.width < WIDTHS.length - 1) {
      this.width++;
      this.most = 2 ** (8 * WIDTHS[this.width].BYTES_PER_ELEMENT) - 1;
    }
    const last = this.chunks.length - 1;
    this.chunks[last] = new WIDTHS[this.width](this.chunks[last]);
  }
}

export const doubles = () => new Doubles();
export const wholes = () => new WholeNumbers();

/** A set of small numbers. */
export class Flags {
  private flags = new Uint8Array(1_024);

  has(number: number): boolean {
    return this.flags[number] === 1;
  }

  add(number: number): void {
    if (number >= this.flags.length) {
      const larger = new Uint8Array(Math.max(number + 1, 2 * this.flags.length));
      larger.set(this.flags);
      this.flags = larger;
    }
    this.flags[number] = 1;
  }
}

/** Texts, each once; a row names its own by number. */
export class TextTable {
  readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();
  /** What was asked for last, often asked for again: of an example's user, and of its label in the next history. */
  private last = 0;

  /** Says that the text with this number is the one asked for last. */
  use(number: number): void {
    this.last = number;
  }

  numberOf(text: string): number {
    if (text !== this.texts[this.last]) this.last = this.find(text);
    return this.last;
  }

  private find(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }
}
