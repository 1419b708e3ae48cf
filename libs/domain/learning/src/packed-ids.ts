/**
 * A list of ids in flat arrays on shared memory, with a hash table over it: any thread may look ids up, handing the list from
 * one thread to another copies nothing, and a garbage collector that meets a million ids has four objects to look at.
 *
 * Ids are kept as UTF-16 code units, as strings are, so that every string comes back as it was. The table is open
 * addressing with linear probing, at most half full. A slot says all of its id but the text: looking up one of a million ids is
 * waiting for memory, once for the slot and once for the text, and what else lies in slots on the way costs no more.
 */
export interface PackedIds {
  readonly count: number;
  /** Code units of all ids, one after the other. */
  readonly units: Uint16Array;
  /** [count + 1]: where each id begins in `units`. */
  readonly starts: Uint32Array;
  /** [a power of two, 4]: as `SLOT`; the slot that an id's hash leads to, or the next free one. */
  readonly slots: Int32Array;
}

/** Numbers of a slot. */
const SLOT = {
  /** Of the id in the list, counted from 1; 0 is free. */
  place: 0,
  hash: 1,
  /** Where the id begins and ends in `units`. */
  from: 2,
  to: 3,
} as const;
const SLOT_SIZE = 4;

const LARGEST_ARGUMENT_LIST = 4_096;

/** Longer ids are rare, and made slower. */
const LONGEST_KEPT = 32;
/** Of each length an array to hand to `fromCharCode`, used again and again: a view and its spread would cost several times as much. */
const unitsByLength = Array.from({ length: LONGEST_KEPT + 1 }, (_, length) => new Array<number>(length).fill(0));

/** Ids as a list, or packed already, as by another thread. */
export type IdList = readonly string[] | PackedIds;

/** @throws Error naming the first id that is there twice */
export function packIds(ids: IdList): PackedIds {
  if ('units' in ids) return ids;
  const unitCount = ids.reduce((sum, id) => sum + id.length, 0);
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, 2 * ids.length)));
  const units = new Uint16Array(new SharedArrayBuffer(2 * unitCount));
  const starts = new Uint32Array(new SharedArrayBuffer(4 * (ids.length + 1)));
  const slots = new Int32Array(new SharedArrayBuffer(4 * SLOT_SIZE * slotCount));
  const packed = { count: ids.length, units, starts, slots };
  let at = 0;
  ids.forEach((id, place) => {
    const hash = hashOfId(id);
    const slot = slotOf(packed, id, hash);
    if (slots[slot + SLOT.place] !== 0) throw new Error(`"${id}" is there twice`);
    slots[slot + SLOT.place] = place + 1;
    slots[slot + SLOT.hash] = hash;
    slots[slot + SLOT.from] = at;
    for (let i = 0; i < id.length; i++) units[at++] = id.charCodeAt(i);
    slots[slot + SLOT.to] = at;
    starts[place + 1] = at;
  });
  return packed;
}

/** Place of an id in the list; -1 where it is not in it. */
export function placeOf(packed: PackedIds, id: string): number {
  return packed.slots[slotOf(packed, id, hashOfId(id)) + SLOT.place] - 1;
}

/** @throws RangeError beyond the list */
export function packedIdAt({ count, units, starts }: PackedIds, place: number): string {
  if (!(place >= 0 && place < count)) throw new RangeError(`no id at place ${place} of ${count}`);
  const length = starts[place + 1] - starts[place];
  if (length <= LONGEST_KEPT) {
    const kept = unitsByLength[length];
    for (let i = 0; i < length; i++) kept[i] = units[starts[place] + i];
    return String.fromCharCode.apply(undefined, kept);
  }
  let id = '';
  for (let from = starts[place]; from < starts[place + 1]; from += LARGEST_ARGUMENT_LIST) {
    const to = Math.min(starts[place + 1], from + LARGEST_ARGUMENT_LIST);
    id += String.fromCharCode(...units.subarray(from, to));
  }
  return id;
}

export function listIds(packed: PackedIds): string[] {
  return Array.from({ length: packed.count }, (_, place) => packedIdAt(packed, place));
}

/** Where the slot begins that holds the id, or the free one where it would go. */
function slotOf({ units, slots }: PackedIds, id: string, hash: number): number {
  const mask = slots.length - 1;
  for (let slot = Math.imul(hash, SLOT_SIZE) & mask; ; slot = (slot + SLOT_SIZE) & mask) {
    if (slots[slot + SLOT.place] === 0) return slot;
    if (slots[slot + SLOT.hash] === hash && isAt(units, slots[slot + SLOT.from], slots[slot + SLOT.to], id))
      return slot;
  }
}

function isAt(units: Uint16Array, from: number, to: number, id: string): boolean {
  if (to - from !== id.length) return false;
  for (let i = 0; i < id.length; i++) if (units[from + i] !== id.charCodeAt(i)) return false;
  return true;
}

/** FNV-1a over code units, its bits mixed once more since the mask keeps the lowest only. */
export function hashOfId(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
