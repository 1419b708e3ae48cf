/** Columns that grow: what examples hold is in few large arrays, not in millions of objects. */

type Numbers = Float64Array | Uint32Array | Uint8Array;

export class Column<Values extends Numbers> {
  length = 0;

  /** @param values empty, of the kind that the column is to have */
  constructor(private values: Values) {}

  push(value: number): void {
    if (this.length === this.values.length) this.grow();
    this.values[this.length++] = value;
  }

  at(row: number): number {
    return this.values[row];
  }

  private grow(): void {
    const kind = this.values.constructor as new (length: number) => Values;
    const larger = new kind(Math.max(1_024, Math.ceil(1.5 * this.length)));
    larger.set(this.values);
    this.values = larger;
  }
}

export const doubles = () => new Column(new Float64Array(0));
export const wholes = () => new Column(new Uint32Array(0));
export const bytes = () => new Column(new Uint8Array(0));

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
