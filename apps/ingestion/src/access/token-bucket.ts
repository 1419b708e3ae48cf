/**
 * A rate limit that forgets a second at most. What is asked is taken whole or not at all, and may bring the bucket below
 * zero: so a batch larger than a second's share passes, and the next one waits for it.
 */
export class TokenBucket {
  private tokens: number;
  private filledAtMs: number;

  constructor(
    readonly perSecond: number,
    private readonly clock: () => number = Date.now,
  ) {
    this.tokens = perSecond;
    this.filledAtMs = clock();
  }

  /** @returns 0 when taken; else the seconds after which it is worth asking again, and nothing was taken */
  take(count: number): number {
    const nowMs = this.clock();
    const elapsedSeconds = Math.max(0, nowMs - this.filledAtMs) / 1_000;
    this.tokens = Math.min(this.perSecond, this.tokens + elapsedSeconds * this.perSecond);
    this.filledAtMs = nowMs;
    if (this.tokens <= 0) return Math.max(1, Math.ceil(-this.tokens / this.perSecond));
    this.tokens -= count;
    return 0;
  }
}
