import { type DropoutMask, dropoutMask } from '@watchnext/learning';
import {
  type CandidatePlan,
  ENTRY,
  FRAME,
  type MatrixPlan,
  type TableName,
  type TablePlan,
  type TableUse,
} from './candidate-plan';
import type { Kernels } from './load-kernels';

export const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** What the parts of a step have in common: the kernels, and where things lie now. */
export abstract class CandidateTasks {
  protected readonly frame: Int32Array;

  constructor(
    protected readonly kernels: Kernels,
    memory: WebAssembly.Memory,
    protected readonly plan: CandidatePlan,
  ) {
    this.frame = new Int32Array(memory.buffer, plan.frame, FRAME.length);
  }

  protected drop(
    { address, stride, width }: MatrixPlan,
    from: number,
    end: number,
    wholeWidth: number,
    firstColumn: number,
    { key, threshold, factor }: DropoutMask,
  ): void {
    this.kernels.dropout(address, stride, width, from, end, wholeWidth, firstColumn, key, threshold, factor);
  }

  protected maskOf(layer: number, rate: number): DropoutMask {
    return dropoutMask({ seed: this.frame[FRAME.dropoutSeed], layer, rate });
  }

  protected scratchOf(member: number): number {
    return this.frame[FRAME.scratch] + member * this.frame[FRAME.scratchBytes];
  }

  protected table(name: TableName): TablePlan {
    return this.plan.tables[this.plan.tableOf[name]];
  }

  /** Addresses of a use's entries, or of those of the examples' lists. */
  protected entries(name: TableName, use?: TableUse): { rows: number; gradients: number; factors: number } {
    const index = this.plan.tableOf[name];
    const at = FRAME.tables + index * FRAME.perTable;
    const { uses, fixedEntryCount } = this.plan.tables[index];
    const offset = ((use && uses[use])?.[0] ?? fixedEntryCount) * FLOAT;
    const { frame } = this;
    return {
      rows: frame[at + ENTRY.rows] + offset,
      gradients: frame[at + ENTRY.gradients] + offset,
      factors: frame[at + ENTRY.factors] + offset,
    };
  }
}
