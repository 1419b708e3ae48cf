/** Columns that grow: what examples hold is in few large arrays, not in millions of objects. */

type Numbers = Float64Array | Uint32Array | Uint8Array;

/** A power of two. */
const CHUNK_LENGTH = 65_536;
const CHUNK_BITS = 16;

/** In chunks, so that growing copies nothing, and no more room than one of them is kept for what may come. */
export class Column<Values extends Numbers> {
  length = 0;
  private readonly chunks: Values[] = [];
  private last: Values;

  /** @param kind of array that the column is made of */
  constructor(private readonly kind: new (length: number) => Values) {
    this.last = new kind(0);
  }

  push(value: number): void {
    const place = this.length & (CHUNK_LENGTH - 1);
    if (place === 0) this.addChunk();
    this.last[place] = value;
    this.length++;
  }

  at(row: number): number {
    return this.chunks[row >>> CHUNK_BITS][row & (CHUNK_LENGTH - 1)];
  }

  private addChunk(): void {
    this.last = new this.kind(CHUNK_LENGTH);
    this.chunks.push(this.last);
  }
}

export const doubles = () => new Column(Float64Array);
export const wholes = () => new Column(Uint32Array);
export const bytes = () => new Column(Uint8Array);

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
