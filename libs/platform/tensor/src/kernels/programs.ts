import { CandidateExamples } from './candidate-examples';
import type { CandidatePlan } from './candidate-plan';
import type { Kernels } from './load-kernels';
import { RankingExamples } from './ranking-examples';
import type { RankingPlan } from './ranking-plan';
import { StepProgram } from './step-program';
import { TowerTasks } from './tower-tasks';

/** What a thread needs to know of a step; plain data. */
export type AnyPlan = CandidatePlan | RankingPlan;

export function programOf(kernels: Kernels, memory: WebAssembly.Memory, plan: AnyPlan): StepProgram {
  const tower = new TowerTasks(kernels, memory, plan);
  const parts =
    plan.model === 'candidate'
      ? new CandidateExamples(kernels, memory, plan, tower)
      : new RankingExamples(kernels, memory, plan, tower);
  return new StepProgram(kernels, memory, plan, tower, parts);
}
