import type { Random } from '@watchnext/learning';
import { RunStoppedError } from '../errors';
import type { ProgressReporter } from '../progress/progress-reporter';
import type { RunState } from './run-state';
import type { Stage, StateKey } from './stage';

export interface PipelineOptions {
  readonly reporter: ProgressReporter;
  readonly signal: AbortSignal;
  readonly random: Random;
  /** One call per stage that ended well. */
  onStageDone?(stage: string, seconds: number, facts: Readonly<Record<string, unknown>>): void;
}

/**
 * A stage that asks for what no stage before it gives, or a key given twice, is a programmer's error: found before
 * anything runs.
 */
export function checkStages(stages: readonly Stage[]): void {
  const given = new Set<StateKey>();
  for (const stage of stages) {
    for (const key of stage.needs) {
      if (!given.has(key)) throw new Error(`stage "${stage.name}" needs "${key}", which no stage before it gives`);
    }
    for (const key of stage.gives) {
      if (given.has(key)) throw new Error(`stage "${stage.name}" gives "${key}", which was given before`);
      given.add(key);
    }
  }
}

/**
 * Runs the stages in order. What no later stage needs, and `keep` does not name, is dropped after its last use: the
 * examples of a run are most of its memory.
 *
 * @returns the kept part of the state
 * @throws RunStoppedError once `signal` is aborted; whatever a stage throws otherwise
 */
export async function runPipeline<const Kept extends StateKey>(
  stages: readonly Stage[],
  keep: readonly Kept[],
  options: PipelineOptions,
): Promise<Pick<RunState, Kept>> {
  checkStages(stages);
  const state: Partial<RunState> = {};
  for (const [index, stage] of stages.entries()) {
    if (options.signal.aborted) throw new RunStoppedError(stage.name);
    const facts: Record<string, unknown> = {};
    const startedAt = performance.now();
    options.reporter.stageStarted(stage.name, index + 1, stages.length);
    let ended = false;
    try {
      const given = await stage.run(state as RunState, {
        progress: { report: (...news) => options.reporter.progress(stage.name, ...news) },
        signal: options.signal,
        random: options.random.fork(stage.name),
        note: (more) => Object.assign(facts, more),
      });
      for (const key of stage.gives) {
        if (!(key in given)) throw new Error(`stage "${stage.name}" did not give "${key}"`);
      }
      Object.assign(state, given);
      ended = true;
    } catch (error) {
      throw isAbort(error, options.signal) ? new RunStoppedError(stage.name) : error;
    } finally {
      options.reporter.stageEnded(stage.name, ended);
    }
    options.onStageDone?.(stage.name, (performance.now() - startedAt) / 1_000, facts);
    const needed = new Set<StateKey>([...keep, ...stages.slice(index + 1).flatMap((later) => later.needs)]);
    for (const key of Object.keys(state) as StateKey[]) if (!needed.has(key)) delete state[key];
  }
  return state as Pick<RunState, Kept>;
}

/** A stage that gave way to the signal, not one that failed while the signal happened to come. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
}
