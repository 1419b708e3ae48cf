/**
 * Whether second tries beside late first ones are worth their work, by whether those made came first. Of two replicas one may be
 * slow alone; a single one answers in the order it was asked, and so do several that are late because all have too much to
 * do: there a second try never comes first, and is load where load is the trouble.
 */

/** Below this share of second tries that came first they are left. */
const LEAST_SHARE = 0.1;
/** What one outcome counts beside those before it. */
const WEIGHT = 1 / 16;
/** Then one call in so many may still have one if it is late, to see whether replicas have come. */
const PROBE_EVERY = 8;

export class HedgeWorth {
  private share = 1;
  private left = 0;

  /** Asked once for each call. */
  isWorthwhile(): boolean {
    if (this.share >= LEAST_SHARE) return true;
    this.left = (this.left + 1) % PROBE_EVERY;
    return this.left === 0;
  }

  /** Of one that was made. */
  note(cameFirst: boolean): void {
    this.share += WEIGHT * (Number(cameFirst) - this.share);
  }
}
