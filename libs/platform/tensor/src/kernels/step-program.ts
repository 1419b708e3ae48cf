import type { Kernels } from './load-kernels';
import { FRAME, MOST_CHECKS, type StepPlan } from './step-plan';
import { StepTasks, type Task } from './step-tasks';
import type { Program } from './team';
import type { TowerTasks } from './tower-tasks';
import { UpdateTasks } from './update-tasks';

export const PHASE = {
  /** What the examples share: vectors of the negatives, transposes of the weights. */
  prepare: 0,
  /** Examples, forward and backward: all that does not sum over examples. */
  examples: 1,
  /** Gradients of what the examples share, which do. */
  weights: 2,
  /** Both optimizers. */
  update: 3,
} as const;

/** What a model's step does beside the tower and the optimizers. */
export interface StepParts {
  readonly prepare: readonly Task[];
  /** Rows from … to of the batch, by the tasks of the tower and its own. */
  examples(from: number, to: number, member: number): void;
  /** Each returns the sum of the gradients that it made. */
  readonly weights: readonly (() => number)[];
}

/** Their activations and logits stay in the cache of one core. */
const EXAMPLES_PER_TASK = 32;

/** What the threads of a team do in a training step, phase by phase. */
export class StepProgram extends StepTasks implements Program {
  private readonly checks: Float32Array;
  private readonly prepareTasks: readonly Task[];
  private readonly weightTasks: readonly Task[];
  private readonly updateTasks: readonly Task[];

  constructor(
    kernels: Kernels,
    memory: WebAssembly.Memory,
    plan: StepPlan,
    tower: TowerTasks,
    private readonly parts: StepParts,
  ) {
    super(kernels, memory, plan);
    this.prepareTasks = [...parts.prepare, ...tower.transposes()];
    const weightTasks = [...parts.weights, ...tower.weightGradients()];
    if (weightTasks.length > MOST_CHECKS) {
      throw new RangeError(`a step of ${weightTasks.length} tasks for the weights; at most ${MOST_CHECKS}`);
    }
    this.checks = this.floats(plan.checks, weightTasks.length);
    this.weightTasks = weightTasks.map((task, i) => (): void => {
      this.checks[i] = task();
    });
    this.updateTasks = new UpdateTasks(kernels, memory, plan).tasks();
  }

  taskCount(phase: number): number {
    if (phase === PHASE.examples) return Math.ceil(this.frame[FRAME.rowCount] / EXAMPLES_PER_TASK);
    return this.tasks(phase).length;
  }

  run(phase: number, task: number, member: number): void {
    if (phase === PHASE.examples) {
      const from = task * EXAMPLES_PER_TASK;
      this.parts.examples(from, Math.min(from + EXAMPLES_PER_TASK, this.frame[FRAME.rowCount]), member);
    } else this.tasks(phase)[task](member);
  }

  /** Whether all gradients of the phase of weights are finite. */
  gradientsAreFinite(): boolean {
    return this.checks.every(Number.isFinite);
  }

  private tasks(phase: number): readonly Task[] {
    return phase === PHASE.prepare ? this.prepareTasks : phase === PHASE.weights ? this.weightTasks : this.updateTasks;
  }
}
