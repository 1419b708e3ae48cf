/**
 * A circuit breaker: a dependency that fails most calls is not asked for a while, so that requests lose no time on it and it
 * gets the quiet to come back. Our own because of what happens while it is tried again: one request is the probe, and the
 * others are turned away at once instead of waiting for it (decision 92).
 */
export type CircuitState = 'closed' | 'half-open' | 'open';

export interface CircuitOptions {
  /** Calls looked back on. */
  readonly windowCalls: number;
  /** Fewer say nothing. */
  readonly minimumCalls: number;
  /** Share of failures, in (0, 1], at which it opens. */
  readonly failureShare: number;
  /** How long it stays open before one call may try. */
  readonly openMs: number;
  /** How long calls may be late for callers in a hurry, and none be answered beside them, before it is not the callers. */
  readonly silentMs: number;
}

/** Opens after 5 to 10 failures, is closed again within about a second of the dependency's return. */
export const CIRCUIT_OPTIONS: CircuitOptions = {
  windowCalls: 20,
  minimumCalls: 8,
  failureShare: 0.5,
  openMs: 1_000,
  silentMs: 1_000,
};

/**
 * What became of a call. A call that its own caller gave up says nothing about the dependency; one that it has too much to do
 * for was answered; `hurried` ones were late for a caller that gave them little time, and say nothing where others succeed.
 */
export type CallOutcome = 'success' | 'failure' | 'overload' | 'hurried' | 'neither';

/** Why it opened: `overload` where it would not have, had the calls that it had too much to do for succeeded. */
export type OpenReason = 'failure' | 'overload';

export class Circuit {
  /** Of the last calls, oldest first. */
  private outcomes: CallOutcome[] = [];
  private openUntilMs = 0;
  private status: CircuitState = 'closed';
  private probing = false;
  /** Calls that were late for callers in a hurry one soon after the other, since one was answered. */
  private hurried: { count: number; readonly sinceMs: number; newestMs: number } | undefined;
  private readonly openListeners: ((reason: OpenReason) => void)[] = [];

  constructor(
    private readonly options: CircuitOptions = CIRCUIT_OPTIONS,
    /** Milliseconds; only differences count, and no change of the date may hold it open. */
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** As of now: half open once a call may try, be there one or not. What is never asked again does not look open for ever. */
  get state(): CircuitState {
    return this.status === 'open' && this.clock() >= this.openUntilMs ? 'half-open' : this.status;
  }

  /** Told each time that it opens, after a failed probe too. */
  onOpen(listener: (reason: OpenReason) => void): void {
    this.openListeners.push(listener);
  }

  /** @returns undefined where the dependency is not to be asked now; else what to say the outcome to, once */
  enter(): ((outcome: CallOutcome) => void) | undefined {
    this.status = this.state;
    if (this.status === 'closed') return (outcome) => this.note(outcome);
    if (this.status === 'open' || this.probing) return undefined;
    this.probing = true;
    return (outcome) => this.probed(outcome);
  }

  private note(outcome: CallOutcome): void {
    // A call from before it opened is no news.
    if (outcome === 'neither' || this.status !== 'closed') return;
    if (outcome === 'hurried') return this.noteHurried();
    if (outcome === 'success' || outcome === 'overload') this.hurried = undefined;
    const { windowCalls, minimumCalls, failureShare } = this.options;
    this.outcomes.push(outcome);
    if (this.outcomes.length > windowCalls) this.outcomes.shift();
    const callCount = this.outcomes.length;
    if (callCount < minimumCalls) return;
    const [failed, overloaded] = (['failure', 'overload'] as const).map(
      (kind) => this.outcomes.filter((one) => one === kind).length,
    ) as [number, number];
    if (failed >= failureShare * callCount) this.open('failure');
    else if (failed + overloaded >= failureShare * callCount) this.open('overload');
  }

  /** By a burst of them nobody shuts it for others: it takes a while full of them, in which no other is answered either. */
  private noteHurried(): void {
    const { minimumCalls, silentMs } = this.options;
    const nowMs = this.clock();
    if (this.hurried === undefined || nowMs - this.hurried.newestMs > silentMs) {
      this.hurried = { count: 0, sinceMs: nowMs, newestMs: nowMs };
    }
    this.hurried.count++;
    this.hurried.newestMs = nowMs;
    if (this.hurried.count >= minimumCalls && nowMs - this.hurried.sinceMs >= silentMs) this.open('failure');
  }

  private probed(outcome: CallOutcome): void {
    this.probing = false;
    if (outcome === 'failure' || outcome === 'overload') this.open(outcome);
    else if (outcome === 'success') {
      this.status = 'closed';
      this.outcomes = [];
    }
  }

  private open(reason: OpenReason): void {
    this.status = 'open';
    this.hurried = undefined;
    this.openUntilMs = this.clock() + this.options.openMs;
    for (const listener of this.openListeners) listener(reason);
  }
}
