/**
 * Ids of the last `windowMs` of a stream, and of as long before at most: a set of all that ever came has an end, of 2^24, which a
 * catalogue that is told anew each night comes to.
 */
export class RecentIds {
  private recent = new Set<string>();
  private earlier = new Set<string>();
  private recentSinceMs = -Infinity;

  constructor(private readonly windowMs: number) {}

  /** @param atMs when it came; may go back a little. @returns whether it had come before */
  hasSeen(id: string, atMs: number): boolean {
    if (atMs - this.recentSinceMs >= this.windowMs) {
      this.earlier = this.recent;
      this.recent = new Set();
      this.recentSinceMs = atMs;
    }
    if (this.recent.has(id) || this.earlier.has(id)) return true;
    this.recent.add(id);
    return false;
  }

  /** Of all ids that it still knows. */
  get size(): number {
    return this.recent.size + this.earlier.size;
  }
}
