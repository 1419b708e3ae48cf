/**
 * How many second tries there may be: a share of the first ones, so that they cannot double the load of a service that is
 * failing under its load.
 *
 * A token bucket over calls, not time: each first try adds `share` of a token, up to `burst`; each second try takes one.
 * So in any run of n first tries there are at most burst + share·n second ones.
 */
export class RetryBudget {
  private tokens: number;

  constructor(
    readonly share = 0.1,
    readonly burst = 10,
  ) {
    if (!(share >= 0 && share <= 1)) throw new RangeError('the share of second tries must be from 0 to 1');
    this.tokens = burst;
  }

  /** A first try begins. */
  deposit(): void {
    this.tokens = Math.min(this.burst, this.tokens + this.share);
  }

  /** @returns whether a second try may be made; then it is counted */
  withdraw(): boolean {
    // Tenths do not add up to a whole exactly.
    if (this.tokens < 1 - 1e-9) return false;
    this.tokens = Math.max(0, this.tokens - 1);
    return true;
  }
}
