/**
 * A training run is a list of stages in run order. A stage names what it needs of the run's state and what it gives;
 * the executor alone owns timing, logging, stopping and failure.
 */
import type { Random } from '@watchnext/learning';
import type { RunState } from './run-state';

export type StateKey = keyof RunState;

/** How far a stage is; a stage that never reports is shown as one step. */
export interface StageProgress {
  /**
   * @param detail - for people, as "loss 4.21"
   * @param passedOver - of `done`, what was not worked on since the stage began: an earlier run had done it, or it turned out not to
   *   be needed. It counts as done and not for the rate.
   */
  report(done: number, total: number, detail?: string, passedOver?: number): void;
}

export interface StageTools {
  readonly progress: StageProgress;
  /** Aborted when the run should stop at the next clean point; stages with loops must look at it. */
  readonly signal: AbortSignal;
  /** A stream of its own for this stage, derived from the run's seed and the stage's name. */
  readonly random: Random;
  /** Facts for the stage's log line. */
  note(facts: Readonly<Record<string, unknown>>): void;
}

export interface Stage<Needs extends StateKey = StateKey, Gives extends StateKey = StateKey> {
  /** As shown to people, in the imperative: "train candidate model". */
  readonly name: string;
  readonly needs: readonly Needs[];
  readonly gives: readonly Gives[];
  /** Returns exactly what it `gives`; leaves what it was given unchanged. */
  run(input: Pick<RunState, Needs>, tools: StageTools): Promise<Pick<RunState, Gives>>;
}

/** Infers a stage's types from its lists, then forgets them, so that stages of all kinds make one list. */
export function defineStage<const Needs extends StateKey, const Gives extends StateKey>(
  stage: Stage<Needs, Gives>,
): Stage {
  return stage as unknown as Stage;
}
