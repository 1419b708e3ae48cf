import { type DropoutMask, dropoutMask } from '@watchnext/learning';
import type { Kernels } from './load-kernels';
import { FRAME, frameLength, type MatrixPlan, type StepPlan } from './step-plan';

export type Task = (member: number) => void;

/** What the parts of a step have in common: the kernels, and where things lie now. */
export abstract class StepTasks<Plan extends StepPlan = StepPlan> {
  protected readonly frame: Int32Array;
  protected readonly frameFloats: Float32Array;

  constructor(
    protected readonly kernels: Kernels,
    protected readonly memory: WebAssembly.Memory,
    protected readonly plan: Plan,
  ) {
    const length = frameLength(plan.tables.length);
    this.frame = new Int32Array(memory.buffer, plan.frame, length);
    this.frameFloats = new Float32Array(memory.buffer, plan.frame, length);
  }

  protected floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  protected integers(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
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

  protected zeroRows(address: number, stride: number, from: number, to: number): void {
    if (from < to) this.kernels.fillZero(address + from * stride, (to - from) * stride);
  }
}

/** Tasks for the ranges that 0 … count falls into. */
export function cut<T>(count: number, size: number, task: (from: number, to: number) => T): T[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => task(i * size, Math.min((i + 1) * size, count)));
}
