/**
 * How this gateway calls what it depends on: through a circuit breaker, given up when the stage's time is over or the caller
 * gone, and for calls that change nothing with a second try within a budget.
 */
import { unlessAborted } from '@watchnext/waiting';
import { DependencyError, OwnLimitError } from '../pipeline/failure';
import type { StageLimits } from '../pipeline/executor';
import { type CallOutcome, Circuit, type CircuitState, type OpenReason } from './circuit';
import { HedgeWorth } from './hedge-worth';
import { RecentLatency } from './recent-latency';
import { RetryBudget } from './retry-budget';
import { type SecondTryReason, withSecondTry } from './second-try';

export interface DependencyReports {
  secondTry(dependency: string, why: SecondTryReason, isGranted: boolean): void;
}

export interface DependencyParts {
  readonly circuit?: Circuit;
  readonly budget?: RetryBudget;
  readonly latency?: RecentLatency;
  readonly reports?: DependencyReports;
  /** Milliseconds since the epoch, as deadlines are. */
  readonly clock?: () => number;
  /** What a caller in a hurry must have given a call that is late before it says anything; absent: it never does. */
  readonly tellingMs?: number;
}

/** A call that is given up so much after its deadline was held up here: nobody looked whether its answer had come. */
const OWN_PAUSE_MS = 20;

/** Below this a second try beside the first would only be in its way. */
const LEAST_HEDGE_MS = 5;

export class Dependency {
  private readonly circuit: Circuit;
  private readonly budget: RetryBudget;
  private readonly latency: RecentLatency;
  private readonly hedgeWorth = new HedgeWorth();
  private readonly clock: () => number;

  constructor(
    /** As failures name it. */
    readonly name: string,
    private readonly parts: DependencyParts = {},
  ) {
    this.circuit = parts.circuit ?? new Circuit();
    this.budget = parts.budget ?? new RetryBudget();
    this.latency = parts.latency ?? new RecentLatency();
    this.clock = parts.clock ?? Date.now;
  }

  get circuitState(): CircuitState {
    return this.circuit.state;
  }

  /** Told each time that calls have failed so often that none is made for a while. */
  onCircuitOpen(listener: (reason: OpenReason) => void): void {
    this.circuit.onOpen(listener);
  }

  /** One try. @throws what `attempt` throws, DependencyError where the circuit is open, the reason of an aborted signal */
  once<T>(attempt: (signal: AbortSignal) => Promise<T>, limits: StageLimits): Promise<T> {
    return this.guarded(() => attempt(limits.signal), limits);
  }

  /** Up to two tries of a call that changes nothing: where the first is unreachable, or later than most. */
  repeatable<T>(attempt: (signal: AbortSignal) => Promise<T>, limits: StageLimits): Promise<T> {
    return this.guarded(async () => {
      this.budget.deposit();
      const startedAt = performance.now();
      const result = await withSecondTry(
        attempt,
        {
          hedgeAfterMs: this.hedgeAfterMs(limits),
          isWorthRepeating: isUnreachable,
          mayTryAgain: (why) => this.ask(why),
          onHedged: (cameFirst) => this.hedgeWorth.note(cameFirst),
        },
        limits.signal,
      );
      this.latency.add(performance.now() - startedAt);
      return result;
    }, limits);
  }

  private hedgeAfterMs({ deadlineAtMs }: StageLimits): number | undefined {
    const { valueMs } = this.latency;
    if (valueMs === undefined || !this.hedgeWorth.isWorthwhile()) return undefined;
    const afterMs = Math.max(LEAST_HEDGE_MS, valueMs);
    // There must be as much time left as a call usually takes.
    return deadlineAtMs - this.clock() > 2 * afterMs ? afterMs : undefined;
  }

  private ask(why: SecondTryReason): boolean {
    const isGranted = this.budget.withdraw();
    this.parts.reports?.secondTry(this.name, why, isGranted);
    return isGranted;
  }

  private async guarded<T>(work: () => Promise<T>, limits: StageLimits): Promise<T> {
    const leave = this.circuit.enter();
    if (!leave) throw new DependencyError(this.name, 'circuit-open', 'not asked, as most calls failed a moment ago');
    const givenMs = limits.deadlineAtMs - this.clock();
    try {
      // A store's call cannot be cancelled.
      const result = await unlessAborted(work(), limits.signal);
      leave('success');
      return result;
    } catch (error) {
      leave(this.outcomeOf(error, limits, givenMs));
      throw error;
    }
  }

  private outcomeOf(error: unknown, { deadlineAtMs, isHurried }: StageLimits, givenMs: number): CallOutcome {
    if (!(error instanceof DependencyError)) return 'neither';
    switch (error.category) {
      case 'dependency-unreachable':
      case 'dependency-failed':
        return 'failure';
      case 'dependency-overloaded':
        // What is asked once, by somebody who looks at one list, must not close the way for everyone.
        return isHurried ? 'neither' : 'overload';
      case 'dependency-late':
        if (this.clock() - deadlineAtMs > OWN_PAUSE_MS) return 'neither';
        if (!isHurried || error instanceof OwnLimitError) return 'failure';
        // Whoever asks for an answer in no time, or for very much, must not close the way for everyone.
        return givenMs >= (this.parts.tellingMs ?? Infinity) ? 'hurried' : 'neither';
      default:
        // It answered: that it is not ready, or that the request was wrong.
        return 'success';
    }
  }
}

const isUnreachable = (error: unknown) =>
  error instanceof DependencyError && error.category === 'dependency-unreachable';
