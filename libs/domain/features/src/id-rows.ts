/**
 * A number for each id, in the order in which they came: a map that grows, of which a garbage collector sees a few hundred
 * arrays. Open addressing with linear probing, at most half full, in parts that grow one at a time: none is ever long at it.
 */
import { hashOfId } from '@watchnext/learning';
import type { FlatTexts } from './flat-texts';

const PART_BITS = 8;
const SMALLEST_PART = 8;
/** Of a row: where its id lies, and the id's hash. */
const [PLACE, HASH] = [0, 1] as const;
const ROW_VALUES = 2;
const PAGE_ROWS = 16_384;

export class IdRows {
  private readonly parts: Int32Array[] = Array.from({ length: 2 ** PART_BITS }, () => new Int32Array(SMALLEST_PART));
  private readonly rowsOfPart = new Uint32Array(2 ** PART_BITS);
  private readonly pages: Uint32Array[] = [];
  private count = 0;

  /** @param texts where ids lie */
  constructor(private readonly texts: FlatTexts) {}

  get size(): number {
    return this.count;
  }

  /** Row of an id; -1 where it has none. */
  rowOf(id: string): number {
    const hash = hashOfId(id) >>> 0;
    const slots = this.parts[partOf(hash)]!;
    return slots[this.slotOf(slots, hash, id)]! - 1;
  }

  /** Row of an id, the next one where it had none. */
  add(id: string): number {
    const hash = hashOfId(id) >>> 0;
    const part = partOf(hash);
    const slots = this.parts[part]!;
    const slot = this.slotOf(slots, hash, id);
    if (slots[slot] !== 0) return slots[slot]! - 1;
    const row = this.count++;
    if (row % PAGE_ROWS === 0) this.pages.push(new Uint32Array(PAGE_ROWS * ROW_VALUES));
    const page = this.pages.at(-1)!;
    const from = (row % PAGE_ROWS) * ROW_VALUES;
    page[from + PLACE] = this.texts.add(id);
    page[from + HASH] = hash;
    slots[slot] = row + 1;
    this.rowsOfPart[part]!++;
    if (this.rowsOfPart[part]! * 2 > slots.length) this.parts[part] = this.grown(slots);
    return row;
  }

  idAt(row: number): string {
    return this.texts.at(this.valueOf(row, PLACE));
  }

  /** The slot that holds the id's row, or the free one where it would go. */
  private slotOf(slots: Int32Array, hash: number, id: string): number {
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1;
      if (row < 0) return slot;
      if (this.valueOf(row, HASH) === hash && this.texts.isAt(this.valueOf(row, PLACE), id)) return slot;
    }
  }

  private valueOf(row: number, which: number): number {
    return this.pages[Math.floor(row / PAGE_ROWS)]![(row % PAGE_ROWS) * ROW_VALUES + which]!;
  }

  private grown(slots: Int32Array): Int32Array {
    const grown = new Int32Array(2 * slots.length);
    const mask = grown.length - 1;
    for (const taken of slots) {
      if (taken === 0) continue;
      let slot = this.valueOf(taken - 1, HASH) & mask;
      while (grown[slot] !== 0) slot = (slot + 1) & mask;
      grown[slot] = taken;
    }
    return grown;
  }
}

/** By the bits that a slot is not chosen by. */
const partOf = (hash: number) => hash >>> (32 - PART_BITS);
