/**
 * Ids of users' events, for as many as an archive may have of them: beside JavaScript's heap, and without a Set's bound of 2^24. Of each id
 * it holds 106 bits, 53 of the user's id and 53 of the event's; open addressing with linear probing, at most half full.
 */
import { hash53 } from '@watchnext/features';

const FIRST_SLOT_COUNT = 1_024;
const [FREE, THERE, STRUCK] = [0, 1, 2];

export class EventIds {
  /** That were added, and not struck since. */
  count = 0;
  private takenSlotCount = 0;
  private users = new Float64Array(FIRST_SLOT_COUNT);
  private events = new Float64Array(FIRST_SLOT_COUNT);
  private slots = new Uint8Array(FIRST_SLOT_COUNT);

  add(userId: string, eventId: string): void {
    if (2 * this.takenSlotCount >= this.slots.length) this.grow();
    this.put(hash53(userId), hash53(eventId), THERE);
  }

  /** @returns whether it was there */
  strike(userId: string, eventId: string): boolean {
    const slot = this.slotOf(hash53(userId), hash53(eventId));
    if (this.slots[slot] !== THERE) return false;
    this.slots[slot] = STRUCK;
    this.count--;
    return true;
  }

  private put(user: number, event: number, mark: number): void {
    const slot = this.slotOf(user, event);
    if (this.slots[slot] !== FREE) return;
    this.users[slot] = user;
    this.events[slot] = event;
    this.slots[slot] = mark;
    this.takenSlotCount++;
    if (mark === THERE) this.count++;
  }

  /** Where it lies, or the free slot where it would. */
  private slotOf(user: number, event: number): number {
    const { users, events, slots } = this;
    const last = slots.length - 1;
    for (let slot = event % slots.length; ; slot = slot === last ? 0 : slot + 1)
      if (slots[slot] === FREE || (events[slot] === event && users[slot] === user)) return slot;
  }

  private grow(): void {
    const { users, events, slots } = this;
    this.users = new Float64Array(2 * slots.length);
    this.events = new Float64Array(2 * slots.length);
    this.slots = new Uint8Array(2 * slots.length);
    this.takenSlotCount = 0;
    this.count = 0;
    slots.forEach((mark, slot) => {
      if (mark !== FREE) this.put(users[slot], events[slot], mark);
    });
  }
}
