/**
 * Who has watched what, so far: up to a log's hundred millions of pairs, so of each only 32 bits of its hash are kept, at a place
 * that its other bits tell (open addressing with linear probing, two thirds full at most). One in about a billion that are asked for
 * is taken for another: then a video is not drawn that might have been.
 */
import { hash53 } from '@watchnext/features';

const SLOTS_PER_PAIR = 1.5;
const LOW_BITS = 2 ** 32;

export class WatchedPairs {
  /** Marks; 0 where there is none. */
  private readonly slots: Uint32Array;

  /** @param pairCount how many different pairs there may be at most */
  constructor(pairCount: number) {
    // Odd, so that place and mark share no bits of the hash; at least one stays empty.
    this.slots = new Uint32Array((Math.ceil(pairCount * SLOTS_PER_PAIR) + 2) | 1);
  }

  has(userId: string, videoId: string): boolean {
    const hash = hashOf(userId, videoId);
    return this.slots[this.slotOf(hash)] !== 0;
  }

  /** @returns whether it is new */
  add(userId: string, videoId: string): boolean {
    const hash = hashOf(userId, videoId);
    const slot = this.slotOf(hash);
    if (this.slots[slot] !== 0) return false;
    this.slots[slot] = markOf(hash);
    return true;
  }

  /** Where it is, or would be. */
  private slotOf(hash: number): number {
    const { slots } = this;
    const mark = markOf(hash);
    // The bits above the mark alone are 21, too few for a long table.
    let slot = hash % slots.length;
    while (slots[slot] !== 0 && slots[slot] !== mark) slot = slot + 1 === slots.length ? 0 : slot + 1;
    return slot;
  }
}

/** A control character stands in no id. */
const hashOf = (userId: string, videoId: string) => hash53(`${userId}\n${videoId}`);

const markOf = (hash: number) => hash % LOW_BITS || 1;
