/** 2 to the 15. */
const SLOT_COUNT = 32_768;
const SLOT_SHIFT = 32 - 15;
const FACTOR = 0x9e3779b1;

/**
 * What was made of bytes that come again and again: each made once for as long as it keeps its slot. The last one of those that
 * fall on a slot has it, so the memory is bounded however many there are.
 *
 * Bytes are hashed and compared four at a time, the last four of them once more: one by one they took as long as making the value.
 */
export class SharedValues<Value> {
  private readonly values: (Value | undefined)[] = new Array<Value | undefined>(SLOT_COUNT).fill(undefined);
  private readonly lengths = new Uint8Array(SLOT_COUNT);
  private readonly slotWords: number;
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
    this.slotWords = Math.ceil(longest / 4);
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
    if (known !== undefined && this.lengths[slot] === length && this.holds(slot, view, end - length, end)) return known;
    const value = this.make(bytes, from, to);
    if (!this.isToBeKept(value)) return value;
    this.keep(slot, view, end - length, end);
    this.lengths[slot] = length;
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
    for (let at = from; at < end - 4; at += 4) if (words[own++] !== view.getInt32(at, true)) return false;
    return words[own] === view.getInt32(end - 4, true);
  }

  private keep(slot: number, view: DataView, from: number, end: number): void {
    let own = slot * this.slotWords;
    for (let at = from; at < end - 4; at += 4) this.words[own++] = view.getInt32(at, true);
    this.words[own] = view.getInt32(end - 4, true);
  }
}
