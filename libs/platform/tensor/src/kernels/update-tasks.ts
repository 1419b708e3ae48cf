import { ENTRY, FLOAT, FRAME } from './step-plan';
import { cut, StepTasks, type Task } from './step-tasks';

const PARAMETERS_PER_TASK = 16_384;
/** The rows of tables with more of them are shared out by their remainder modulo PARTS, a power of two. */
const LARGE_ROW_COUNT = 256;
const PARTS = 8;

const KEY_BYTES = BigUint64Array.BYTES_PER_ELEMENT;
const SORT_COUNT_BYTES = Int32Array.BYTES_PER_ELEMENT << 11;

const ADAGRAD_EPSILON = 1e-10;
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** What a thread needs to sort `entryCount` entries of rows of `width`. */
export function scratchBytes(entryCount: number, width: number): number {
  return 2 * entryCount * KEY_BYTES + SORT_COUNT_BYTES + (width + 1) * FLOAT;
}

/** Both optimizers. */
export class UpdateTasks extends StepTasks {
  tasks(): Task[] {
    const { tables, parameterCount } = this.plan;
    return [
      ...tables.flatMap(({ rowCount }, i) => {
        const parts = rowCount > LARGE_ROW_COUNT ? PARTS : 1;
        const taskOf =
          (part: number): Task =>
          (member) =>
            this.adagrad(i, part, parts, member);
        return Array.from({ length: parts }, (_, part) => taskOf(part));
      }),
      ...cut(parameterCount, PARAMETERS_PER_TASK, (from, to) => () => this.adam(from, to)),
    ];
  }

  private adagrad(index: number, part: number, parts: number, member: number): void {
    const { kernels, frame, frameFloats } = this;
    const { address, stride, width, dimensions, rowCount, accumulators } = this.plan.tables[index];
    const at = FRAME.tables + index * FRAME.perTable;
    const count = frame[at + ENTRY.count];
    if (count === 0) return;
    const keys = this.scratchOf(member);
    const other = keys + count * KEY_BYTES;
    const counts = other + count * KEY_BYTES;
    const kept = kernels.selectEntries(frame[at + ENTRY.rows], count, part, parts, keys);
    if (kept === 0) return;
    const sorted = kernels.sortKeys(keys, other, kept, counts, rowCount);
    kernels.adagrad(
      ...[sorted, kept, frame[at + ENTRY.gradients], frame[at + ENTRY.factors], address, stride, width, dimensions],
      ...[accumulators, frameFloats[FRAME.tableRate], frameFloats[FRAME.tableDecay], ADAGRAD_EPSILON],
      counts + SORT_COUNT_BYTES,
    );
  }

  private adam(from: number, to: number): void {
    const { parameters, parameterGradients, firstMoments, secondMoments } = this.plan;
    const offset = from * FLOAT;
    this.kernels.adam(
      ...[parameters + offset, parameterGradients + offset, firstMoments + offset, secondMoments + offset, to - from],
      ...[ADAM.beta1, ADAM.beta2, ADAM.epsilon],
      ...[this.frameFloats[FRAME.adamRate], this.frameFloats[FRAME.adamSecondScale]],
    );
  }
}
