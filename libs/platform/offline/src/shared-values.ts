/** 2 to the 15. */
const SLOT_COUNT = 32_768;
const SLOT_SHIFT = 32 - 15;
const FACTOR = 0x9e3779b1;
const LINE_WORDS = 16;

/**
 * What was made of bytes that come again and again: each made once for as long as it keeps its slot. The last one of those that
 * fall on a slot has it, so the memory is bounded however many there are.
 *
 * Bytes are hashed and compared four at a time, the last four of them once more: one by one they took as long as making the value.
 */
export class SharedValues<Value> {
  private readonly values: (Value | undefined)[] = new Array<Value | undefined>(SLOT_COUNT).fill(undefined);
  private readonly slotWords: number;
  /** By slot: the number of bytes, then these. */
  private readonly words: Int32Array;

  /**
   * @param longest number of bytes, at most 255, beyond which a value is made anew each time, as it is of less than four
   * @param make the value of bytes [from, to) of a buffer
   * @param isToBeKept asked of each value that was made; one that is not kept is made anew each time
   */
  constructor(
    private readonly longest: number,
    private readonly make: (bytes: Uint8Array, from: number, to: number) => Value,
    private readonly isToBeKept: (value: Value) => boolean,
  ) {
    // As many as fill cache lines, or parts of one.
    const needed = 1 + Math.ceil(longest / 4);
    this.slotWords = needed > LINE_WORDS / 2 ? LINE_WORDS * Math.ceil(needed / LINE_WORDS) : LINE_WORDS / 2;
    this.words = new Int32Array(SLOT_COUNT * this.slotWords);
  }

  /** @param view of all that `bytes` is a part of */
  at(bytes: Uint8Array, view: DataView, from: number, to: number): Value {
    const length = to - from;
    if (length > this.longest || length < 4) return this.makeAlone(bytes, from, to);
    const end = bytes.byteOffset + to;
    let hash = length;
    for (let at = end - length; at < end - 4; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), FACTOR);
    hash = Math.imul(hash ^ view.getInt32(end - 4, true), FACTOR);
    const slot = hash >>> SLOT_SHIFT;
    const known = this.values[slot];
    if (known !== undefined && this.holds(slot, view, end - length, end)) return known;
    const value = this.make(bytes, from, to);
    if (!this.isToBeKept(value)) return value;
    this.keep(slot, view, end - length, end);
    this.values[slot] = value;
    return value;
  }

  /** Asks about it too: who keeps only what is sound learns of all that is not. */
  private makeAlone(bytes: Uint8Array, from: number, to: number): Value {
    const value = this.make(bytes, from, to);
    this.isToBeKept(value);
    return value;
  }

  private holds(slot: number, view: DataView, from: number, end: number): boolean {
    const { words } = this;
    let own = slot * this.slotWords;
    if (words[own++] !== end - from) return false;
    for (let at = from; at < end - 4; at += 4) if (words[own++] !== view.getInt32(at, true)) return false;
    return words[own] === view.getInt32(end - 4, true);
  }

  private keep(slot: number, view: DataView, from: number, end: number): void {
    let own = slot * this.slotWords;
    this.words[own++] = end - from;
    for (let at = from; at < end - 4; at += 4) this.words[own++] = view.getInt32(at, true);
    this.words[own] = view.getInt32(end - 4, true);
  }
}
