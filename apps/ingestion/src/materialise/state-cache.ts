/**
 * States of one partition's most recently active users, as of the partition's mark, as bytes: as objects ten thousand of them are
 * three million, which a garbage collector looks at again and again.
 */
export class StateCache {
  private readonly states = new Map<string, Uint8Array>();

  constructor(private readonly capacity: number) {}

  get(userId: string): Uint8Array | undefined {
    return this.states.get(userId);
  }

  /**
   * Makes these the most recent ones, and lets go of the least recent beyond the capacity.
   * @param states undefined: the user has none any more
   */
  keep(states: ReadonlyMap<string, Uint8Array | undefined>): void {
    for (const [userId, state] of states) {
      this.states.delete(userId);
      if (state) this.states.set(userId, state);
    }
    for (const userId of this.states.keys()) {
      if (this.states.size <= this.capacity) return;
      this.states.delete(userId);
    }
  }
}
