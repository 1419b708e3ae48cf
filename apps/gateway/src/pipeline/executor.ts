/**
 * Runs a request through its stages. The executor alone owns time and failure: stages set no timers, but for
 * what may go on after the answer (`LateWrites`), and catch only a failure that they name, or know a way round.
 *
 * A stage returns a patch of the draft instead of changing it, so that a stage which was given up on and finishes
 * later cannot change an answer that is already under way.
 */
import { withSpan } from '@watchnext/service';
import { inTime } from '@watchnext/waiting';
import { CallerGoneError, DependencyError, describeFailure, type StageFailure } from './failure';

/** Of a request, or of one of its stages. */
export interface Limits {
  /** Milliseconds since the epoch at which the result is no longer wanted. */
  readonly deadlineAtMs: number;
  /** Aborted at that moment (a stage's), or earlier, when nobody waits any longer. */
  readonly signal: AbortSignal;
  /**
   * Much less time is left than what is asked for usually takes, by the caller, a backlog here or the size of what is asked: what is
   * late then is not to blame.
   */
  readonly isHurried: boolean;
}

export type StageLimits = Limits;

export interface StageResult<Draft> {
  readonly patch: Partial<Draft>;
  /** Go back to a stage with the patched draft. */
  readonly restart?: {
    readonly at: string;
    /** What the stage fails with once the request has been sent back `MAX_RESTARTS` times. */
    readonly otherwise: DependencyError;
  };
}

/** An experiment's snapshot may be missing here, and the one taken instead there. */
const MAX_RESTARTS = 2;

/** How the request goes on when a stage fails. Bugs are not covered: they fail the request. */
export interface FailOpenPolicy<Draft> {
  readonly name: string;
  recover(draft: Readonly<Draft>, failure: StageFailure): Partial<Draft>;
}

export interface Stage<Draft> {
  readonly name: string;
  /** The part, in (0, 1], of the time left at its start that the stage may use. */
  readonly timeShare: number;
  /** Default: always. */
  applies?(draft: Readonly<Draft>): boolean;
  run(draft: Readonly<Draft>, limits: StageLimits): StageResult<Draft> | Promise<StageResult<Draft>>;
  /** Default: the request fails with the stage. */
  readonly failOpen?: FailOpenPolicy<Draft>;
}

export interface StageReport {
  readonly stage: string;
  readonly latencyMs: number;
  readonly outcome: 'done' | 'failed-open' | 'failed' | 'restarted' | 'abandoned';
  readonly failure?: StageFailure;
}

/**
 * @param limits for all stages together
 * @returns the draft after the last stage
 * @throws the reason of an aborted signal, what a stage without fail-open policy threw, and every error that is no `DependencyError`
 */
export async function runStages<Draft extends object>(
  stages: readonly Stage<Draft>[],
  initial: Draft,
  limits: Limits,
  report: (report: StageReport) => void,
): Promise<Draft> {
  let draft = initial;
  let restarts = 0;
  for (let index = 0; index < stages.length; index++) {
    limits.signal.throwIfAborted();
    const stage = stages[index]!;
    if (stage.applies && !stage.applies(draft)) continue;
    const startedAt = performance.now();
    const done = (outcome: StageReport['outcome'], failure?: StageFailure) =>
      report({ stage: stage.name, latencyMs: performance.now() - startedAt, outcome, ...(failure ? { failure } : {}) });
    try {
      const result = await withSpan(stage.name, {}, async () => withinShare(stage, draft, limits));
      const { restart } = result;
      if (restart && restarts === MAX_RESTARTS) throw restart.otherwise;
      draft = { ...draft, ...result.patch };
      if (restart) {
        restarts += 1;
        index = indexOfStage(stages, restart.at) - 1;
      }
      done(restart ? 'restarted' : 'done');
    } catch (error) {
      if (error instanceof CallerGoneError) {
        done('abandoned');
        throw error;
      }
      const failure = describeFailure(stage.name, error);
      if (!stage.failOpen || failure.category === 'programmer') {
        done('failed', failure);
        throw error;
      }
      draft = { ...draft, ...stage.failOpen.recover(draft, failure) };
      done('failed-open', failure);
    }
  }
  return draft;
}

async function withinShare<Draft>(
  stage: Stage<Draft>,
  draft: Draft,
  { deadlineAtMs, signal, isHurried }: Limits,
): Promise<StageResult<Draft>> {
  const now = Date.now();
  const budgetMs = Math.max(0, (deadlineAtMs - now) * stage.timeShare);
  const late = () => new DependencyError(stage.name, 'dependency-late', `no result within ${Math.round(budgetMs)} ms`);
  const run = (own: AbortSignal) => stage.run(draft, { deadlineAtMs: now + budgetMs, signal: own, isHurried });
  return inTime<StageResult<Draft>>(run, { limitMs: budgetMs, late, signal });
}

function indexOfStage<Draft>(stages: readonly Stage<Draft>[], name: string): number {
  const index = stages.findIndex((stage) => stage.name === name);
  if (index < 0) throw new Error(`there is no stage ${name} to restart at`);
  return index;
}
