/** A power of two. */
const SLOT_COUNT = 32_768;

/**
 * What was made of bytes that come again and again: each made once for as long as it keeps its slot. The last one of those that
 * fall on a slot has it, so the memory is bounded however many there are.
 */
export class SharedValues<Value> {
  private readonly values: (Value | undefined)[] = new Array<Value | undefined>(SLOT_COUNT).fill(undefined);
  private readonly lengths = new Uint8Array(SLOT_COUNT);
  private readonly bytes: Uint8Array;

  /** @param longest number of bytes, at most 255, from which on a value is made anew each time */
  constructor(
    private readonly longest: number,
    private readonly make: (bytes: Uint8Array, from: number, to: number) => Value,
  ) {
    this.bytes = new Uint8Array(SLOT_COUNT * longest);
  }

  at(buffer: Uint8Array, from: number, to: number): Value {
    const length = to - from;
    if (length > this.longest) return this.make(buffer, from, to);
    let hash = length;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ buffer[i], 0x9e3779b1);
    const slot = (hash ^ (hash >>> 15)) & (SLOT_COUNT - 1);
    const start = slot * this.longest;
    const known = this.values[slot];
    if (known !== undefined && this.lengths[slot] === length && this.holds(start, buffer, from, to)) return known;
    const value = this.make(buffer, from, to);
    this.bytes.set(buffer.subarray(from, to), start);
    this.lengths[slot] = length;
    this.values[slot] = value;
    return value;
  }

  private holds(start: number, buffer: Uint8Array, from: number, to: number): boolean {
    const { bytes } = this;
    for (let i = from, own = start; i < to; i++, own++) if (buffer[i] !== bytes[own]) return false;
    return true;
  }
}
