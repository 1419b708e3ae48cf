/**
 * How many requests may be in work at once, found out by their latency (AIMD, as TCP finds its window): one more for each
 * round of requests that were fast, fewer for a round with one that was slow: a tenth, or what the slow one's latency says, down to
 * half. An overload that comes at once would otherwise take ten rounds, each slower than anyone waits, to find its place.
 *
 * A request counts only where the limit was felt when it began, that is, at least half of it was in use. A slow request of
 * an idle gateway is some dependency's doing, which the circuits and the ladder answer; to shed others would help nobody.
 *
 * One whose caller gave it less than half of the usual time counts as slow only where it would be so for anyone: late is what
 * such a request is without any load, and to shed others for it would let a few callers in a hurry close the door to them all.
 */
export interface AdaptiveLimitOptions {
  readonly initial: number;
  readonly minimum: number;
  readonly maximum: number;
  /** A request that took longer was slow: half of the usual deadline. */
  readonly targetMs: number;
}

/** How a request ended. One that was refused as invalid took no time worth knowing. */
export type Leaving =
  | 'answered'
  /** Without all that belongs to it, so that being fast says nothing: at once is how a circuit that is open answers. */
  | 'degraded'
  /** Its caller went: in vain where it had been slow by then, and else no news. */
  | 'abandoned'
  | 'refused';

const BACK_OFF = { least: 0.9, most: 0.5 };

export class AdaptiveLimit {
  private limitNow: number;
  private running = 0;
  private decreasedAtMs = -Infinity;

  constructor(
    private readonly options: AdaptiveLimitOptions,
    /** Milliseconds; only differences count. */
    private readonly clock: () => number = () => performance.now(),
  ) {
    const { initial, minimum, maximum } = options;
    if (!(1 <= minimum && minimum <= initial && initial <= maximum)) {
      throw new RangeError('limits must be in order: 1, minimum, initial, maximum');
    }
    this.limitNow = initial;
  }

  /** Whole requests. */
  get limit(): number {
    return Math.floor(this.limitNow);
  }

  get inFlight(): number {
    return this.running;
  }

  /**
   * @param deadlineMs of this request: half of it is a target too, as what is late is answered by then without its stages; of a
   *   hasty one, with less than half of the usual, being later than that says nothing
   * @param waitedMs before it came here, as far as that is known: it has been slow for so long already
   * @returns undefined where the request is to be shed; else what is called at its end, once
   */
  enter(deadlineMs = Infinity, waitedMs = 0): ((how: Leaving) => void) | undefined {
    if (this.running >= this.limit) return undefined;
    this.running += 1;
    const startedAtMs = this.clock();
    const cameAtMs = startedAtMs - waitedMs;
    const isFelt = this.running >= this.limit / 2;
    let ended = false;
    return (how) => {
      if (ended) return;
      ended = true;
      this.running -= 1;
      if (isFelt && how !== 'refused') this.adapt(startedAtMs, cameAtMs, deadlineMs, how);
    };
  }

  private adapt(startedAtMs: number, cameAtMs: number, deadlineMs: number, how: Leaving): void {
    const nowMs = this.clock();
    const { minimum, maximum, targetMs: usualTargetMs } = this.options;
    const targetMs = Math.min(usualTargetMs, deadlineMs / 2);
    const slowMs = deadlineMs < usualTargetMs ? usualTargetMs : targetMs;
    const latencyMs = nowMs - cameAtMs;
    if (latencyMs <= targetMs) {
      if (how === 'answered') this.limitNow = Math.min(maximum, this.limitNow + 1 / this.limitNow);
    } else if (latencyMs > slowMs && startedAtMs >= this.decreasedAtMs) {
      // Requests that began before the last step down ran under the limit before it.
      const share = Math.min(BACK_OFF.least, Math.max(BACK_OFF.most, slowMs / latencyMs));
      this.limitNow = Math.max(minimum, this.limitNow * share);
      this.decreasedAtMs = nowMs;
    }
  }
}
