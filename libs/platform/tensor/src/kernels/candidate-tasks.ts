import type { CandidatePlan, CandidateTablePlan, TableName, TableUse } from './candidate-plan';
import { ENTRY, FLOAT, FRAME } from './step-plan';
import { StepTasks } from './step-tasks';

/** What is the candidate model's own in the parts of its step: tables by their names and uses. */
export abstract class CandidateTasks extends StepTasks<CandidatePlan> {
  protected table(name: TableName): CandidateTablePlan {
    return this.plan.tables[this.plan.tableOf[name]];
  }

  /** Addresses of a use's entries, or of those of the examples' lists. */
  protected entries(name: TableName, use?: TableUse): { rows: number; gradients: number; factors: number } {
    const index = this.plan.tableOf[name];
    const at = FRAME.tables + index * FRAME.perTable;
    const { uses, fixedEntryCount } = this.plan.tables[index];
    const offset = ((use && uses[use])?.[0] ?? fixedEntryCount) * FLOAT;
    // Addresses of 2 GiB and more are negative in the frame.
    const addressOf = (which: number) => (this.frame[at + which] + offset) >>> 0;
    return {
      rows: addressOf(ENTRY.rows),
      gradients: addressOf(ENTRY.gradients),
      factors: addressOf(ENTRY.factors),
    };
  }
}
