/** Long work that shares its thread: now and then the event loop gets its turn, so that requests are answered meanwhile. */

/** Far below what a request may wait. */
const TURN_MS = 3;

export class Turns {
  private beganAt = performance.now();

  /** Whether the event loop is due; to be asked after each step of well below a millisecond. */
  get isOver(): boolean {
    return performance.now() - this.beganAt >= TURN_MS;
  }

  /** Resolves in the next turn, after what waits now. */
  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.beganAt = performance.now();
  }
}
