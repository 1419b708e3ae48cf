/**
 * A number for each id, in the order in which they came: a map that grows, of which a garbage collector sees a few hundred
 * arrays. Open addressing with linear probing, at most half full, in parts that grow one at a time: none is ever long at it.
 */
import { hashOfId } from '@watchnext/learning';
import type { FlatTexts } from './flat-texts';

const PART_BITS = 8;
const SMALLEST_PART = 8;
/**
 * Of a slot: a row counted from 1, 0 where it is free, where its id lies, and the id's hash. Finding a row is waiting for memory, once
 * for the slot and once for the id.
 */
const [ROW, PLACE, HASH] = [0, 1, 2] as const;
const SLOT_VALUES = 3;
const PAGE_ROWS = 16_384;

export class IdRows {
  private readonly parts: Uint32Array[] = Array.from({ length: 2 ** PART_BITS }, () => emptyPart(SMALLEST_PART));
  private readonly rowsOfPart = new Uint32Array(2 ** PART_BITS);
  /** Where the id of each row lies. */
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
    return slots[this.slotOf(slots, hash, id) + ROW]! - 1;
  }

  /** Row of an id, the next one where it had none. */
  add(id: string): number {
    const hash = hashOfId(id) >>> 0;
    const part = partOf(hash);
    const slots = this.parts[part]!;
    const slot = this.slotOf(slots, hash, id);
    const known = slots[slot + ROW]!;
    if (known !== 0) return known - 1;
    const row = this.count++;
    if (row % PAGE_ROWS === 0) this.pages.push(new Uint32Array(PAGE_ROWS));
    const place = this.texts.add(id);
    this.pages.at(-1)![row % PAGE_ROWS] = place;
    fill(slots, slot, row + 1, place, hash);
    this.rowsOfPart[part]!++;
    if (this.rowsOfPart[part]! * 2 > slots.length / SLOT_VALUES) this.parts[part] = grown(slots);
    return row;
  }

  idAt(row: number): string {
    return this.texts.at(this.pages[Math.floor(row / PAGE_ROWS)]![row % PAGE_ROWS]!);
  }

  /** Where the slot begins that holds the id's row, or the free one where it would go. */
  private slotOf(slots: Uint32Array, hash: number, id: string): number {
    for (let slot = firstSlot(slots, hash); ; slot = nextSlot(slots, slot)) {
      if (slots[slot + ROW] === 0) return slot;
      if (slots[slot + HASH] === hash && this.texts.isAt(slots[slot + PLACE]!, id)) return slot;
    }
  }
}

/** By the bits that a slot is not chosen by. */
const partOf = (hash: number) => hash >>> (32 - PART_BITS);

const emptyPart = (slotCount: number) => new Uint32Array(slotCount * SLOT_VALUES);
/** Of a part with a power of two of slots. */
const firstSlot = (slots: Uint32Array, hash: number) => (hash & (slots.length / SLOT_VALUES - 1)) * SLOT_VALUES;
const nextSlot = (slots: Uint32Array, slot: number) => (slot + SLOT_VALUES) % slots.length;

function fill(slots: Uint32Array, slot: number, rowFromOne: number, place: number, hash: number): void {
  slots[slot + ROW] = rowFromOne;
  slots[slot + PLACE] = place;
  slots[slot + HASH] = hash;
}

function grown(slots: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * slots.length);
  for (let from = 0; from < slots.length; from += SLOT_VALUES) {
    if (slots[from + ROW] === 0) continue;
    const hash = slots[from + HASH]!;
    let slot = firstSlot(larger, hash);
    while (larger[slot + ROW] !== 0) slot = nextSlot(larger, slot);
    fill(larger, slot, slots[from + ROW]!, slots[from + PLACE]!, hash);
  }
  return larger;
}
