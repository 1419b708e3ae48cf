import type { UserState } from '@watchnext/contract';

/** Decoded states of one partition's most recently active users, as of the partition's mark. */
export class StateCache {
  private readonly states = new Map<string, UserState>();

  constructor(private readonly capacity: number) {}

  get(userId: string): UserState | undefined {
    return this.states.get(userId);
  }

  /** Makes these the most recent ones, and lets go of the least recent beyond the capacity. */
  keep(states: ReadonlyMap<string, UserState>): void {
    for (const [userId, state] of states) {
      this.states.delete(userId);
      this.states.set(userId, state);
    }
    for (const userId of this.states.keys()) {
      if (this.states.size <= this.capacity) return;
      this.states.delete(userId);
    }
  }
}
