/**
 * From rows of one table to rows of another that has some of them, in a flat array on shared memory: open addressing with linear
 * probing, at most half full. It is as large as what it holds, where an array by rows of the first table would be as large as that
 * one for each of hundreds of countries.
 */
export interface PackedRows {
  /** [a power of two, 2]: a row of the one table counted from 1, 0 where the slot is free, and the row of the other. */
  readonly slots: Int32Array;
}

const SLOT_SIZE = 2;

/** @param most rows that will be added at most */
export function emptyRows(most: number): PackedRows {
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, 2 * most)));
  return { slots: new Int32Array(new SharedArrayBuffer(4 * SLOT_SIZE * slotCount)) };
}

/** @returns whether `from` was not there before */
export function addRow({ slots }: PackedRows, from: number, to: number): boolean {
  const slot = slotOf(slots, from);
  if (slots[slot] !== 0) return false;
  slots[slot] = from + 1;
  slots[slot + 1] = to;
  return true;
}

/** @returns the row that `from` leads to; -1 for none */
export function rowOf({ slots }: PackedRows, from: number): number {
  const slot = slotOf(slots, from);
  return slots[slot] === 0 ? -1 : slots[slot + 1];
}

/** Where the slot begins that holds the row, or the free one where it would go. */
function slotOf(slots: Int32Array, from: number): number {
  const mask = slots.length - 1;
  const key = from + 1;
  for (let slot = Math.imul(mixed(from), SLOT_SIZE) & mask; ; slot = (slot + SLOT_SIZE) & mask) {
    if (slots[slot] === key || slots[slot] === 0) return slot;
  }
}

/** Rows that follow one another go far apart: two stretches of them, one on the other, would be long to probe. */
function mixed(row: number): number {
  const hash = Math.imul(row, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
