/** What the threads of a team do in a candidate training step, phase by phase; the step's formulas stand in the port. */
import { type CandidatePlan, ENTRY, FRAME, type LayerPlan, type MatrixPlan, padded } from './candidate-plan';
import { CandidateInputTasks } from './candidate-inputs';
import { CandidateTasks, FLOAT } from './candidate-tasks';
import type { Kernels } from './load-kernels';
import type { Program } from './team';

export const PHASE = {
  /** Vectors of the negatives, transposes of the weights. */
  prepare: 0,
  /** Examples, forward and backward: all that does not sum over examples. */
  examples: 1,
  /** Gradients of the weights and of the negatives, which do. */
  weights: 2,
  /** Both optimizers. */
  update: 3,
} as const;

type Task = (member: number) => void;

/** Their activations and logits stay in the cache of one core. */
const EXAMPLES_PER_TASK = 32;
const NEGATIVES_PER_TASK = 64;
const WEIGHT_ROWS_PER_TASK = 32;
const PARAMETERS_PER_TASK = 16_384;
/** The rows of tables with more of them are shared out by their remainder modulo PARTS, a power of two. */
const LARGE_ROW_COUNT = 256;
const PARTS = 8;

const KEY_BYTES = BigUint64Array.BYTES_PER_ELEMENT;
const SORT_COUNT_BYTES = Int32Array.BYTES_PER_ELEMENT << 11;

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const ADAGRAD_EPSILON = 1e-10;

/** What a thread needs to sort `entryCount` entries of rows of `width`. */
export function scratchBytes(entryCount: number, width: number): number {
  return 2 * entryCount * KEY_BYTES + SORT_COUNT_BYTES + (width + 1) * FLOAT;
}

export class CandidateProgram extends CandidateTasks implements Program {
  private readonly frameFloats: Float32Array;
  private readonly inputs: CandidateInputTasks;
  private readonly checks: Float32Array;
  private readonly prepareTasks: readonly Task[];
  private readonly weightTasks: readonly Task[];
  private readonly updateTasks: readonly Task[];

  constructor(kernels: Kernels, memory: WebAssembly.Memory, plan: CandidatePlan) {
    super(kernels, memory, plan);
    const floats = (address: number, length: number) => new Float32Array(memory.buffer, address, length);
    this.frameFloats = floats(plan.frame, FRAME.length);
    this.inputs = new CandidateInputTasks(kernels, memory, plan);
    const { layers, negativeCount, heads } = plan;
    this.prepareTasks = [
      ...cut(padded(negativeCount), NEGATIVES_PER_TASK, (from, to) => () => this.gatherNegatives(from, to)),
      ...layers.flatMap((layer) =>
        cut(layer.inputWidth, WEIGHT_ROWS_PER_TASK, (from, to) => () => this.transposeWeights(layer, from, to)),
      ),
    ];
    const weightTasks = [
      ...cut(padded(negativeCount), NEGATIVES_PER_TASK, (from, to) => () => this.negativeGradients(from, to)),
      ...layers.flatMap((layer, i) => [
        ...cut(layer.inputWidth, WEIGHT_ROWS_PER_TASK, (from, to) => () => this.weightGradients(i, from, to)),
        () => this.biasGradients(layer),
      ]),
      ...(heads ? [() => this.inputs.positionGradients(heads)] : []),
      ...(heads?.queried ? [() => this.inputs.queryGradients(heads)] : []),
    ];
    this.checks = floats(plan.checks, weightTasks.length);
    this.weightTasks = weightTasks.map((task, i) => (): void => {
      this.checks[i] = task();
    });
    this.updateTasks = [
      ...plan.tables.flatMap((table, i) => {
        const parts = table.rowCount > LARGE_ROW_COUNT ? PARTS : 1;
        return Array.from(
          { length: parts },
          (_, part): Task =>
            (member) =>
              this.adagrad(i, part, parts, member),
        );
      }),
      ...cut(plan.parameterCount, PARAMETERS_PER_TASK, (from, to) => () => this.adam(from, to)),
    ];
  }

  taskCount(phase: number): number {
    if (phase === PHASE.examples) return Math.ceil(this.frame[FRAME.rowCount] / EXAMPLES_PER_TASK);
    return this.tasks(phase).length;
  }

  run(phase: number, task: number, member: number): void {
    if (phase === PHASE.examples) {
      const from = task * EXAMPLES_PER_TASK;
      this.examples(from, Math.min(from + EXAMPLES_PER_TASK, this.frame[FRAME.rowCount]), member);
    } else this.tasks(phase)[task](member);
  }

  /** Whether all gradients of the phase of weights are finite. */
  gradientsAreFinite(): boolean {
    return this.checks.every(Number.isFinite);
  }

  private tasks(phase: number): readonly Task[] {
    return phase === PHASE.prepare ? this.prepareTasks : phase === PHASE.weights ? this.weightTasks : this.updateTasks;
  }

  private gatherNegatives(from: number, to: number): void {
    const { kernels } = this;
    const { negativeVectors: vectors, negativesTransposed: transposed } = this.plan;
    const output = this.table('output');
    const rows = this.entries('output', 'negative').rows;
    kernels.gatherRows(output.address, output.stride, output.width, rows, from, to, vectors.address, vectors.stride);
    kernels.transpose(vectors.address, vectors.stride, vectors.width, from, to, transposed.address, transposed.stride);
  }

  private transposeWeights({ weights, transposed }: LayerPlan, from: number, to: number): void {
    const { address, stride, width } = weights;
    this.kernels.transpose(address, stride, width, from, to, transposed.address, transposed.stride);
  }

  /** Rows from … to; computed up to the next multiple of 8, with gradients of zero. */
  private examples(from: number, to: number, member: number): void {
    const { kernels, plan } = this;
    const { layers, logits, labelVectors, negativeVectors, negativesTransposed } = plan;
    const end = padded(to);
    this.inputs.assemble(from, to, end, member);
    this.inputs.dropInputs(plan.inputs, from, end);
    layers.forEach(({ weights, bias, inputWidth, output, relu }, i) => {
      const input = layers[i - 1]?.output ?? plan.inputs;
      kernels.multiply(
        ...[from, end, output.width, inputWidth, input.address, input.stride, weights.address, weights.stride],
        ...[output.address, output.stride, bias],
      );
      if (relu) kernels.relu(output.address, output.stride, output.width, from, end);
      if (i + 1 < layers.length) this.dropHidden(i, output, from, end);
    });
    const last = layers[layers.length - 1];
    const users = last.output;
    const labels = this.entries('output', 'label');
    const table = this.table('output');
    kernels.gatherRows(
      ...[table.address, table.stride, table.width, labels.rows, from, end, labelVectors.address, labelVectors.stride],
    );
    kernels.dotRows(
      ...[
        users.address,
        users.stride,
        labelVectors.address,
        labelVectors.stride,
        users.width,
        from,
        end,
        labels.factors,
      ],
    );
    kernels.multiply(
      ...[from, end, logits.width, users.width, users.address, users.stride],
      ...[negativesTransposed.address, negativesTransposed.stride, logits.address, logits.stride],
      plan.negativeBiases,
    );
    kernels.sampledSoftmax(
      ...[logits.address, logits.stride, logits.width, this.entries('output', 'negative').rows, from, to],
      ...[labels.rows, labels.factors, plan.excesses, plan.partitions, 1 / this.frame[FRAME.rowCount]],
    );
    this.zeroRows(logits.address, logits.stride, to, end);
    this.zeroRows(labels.factors, FLOAT, to, end);

    const gradients = last.outputGradients;
    kernels.multiply(
      ...[from, end, gradients.width, logits.width, logits.address, logits.stride],
      ...[negativeVectors.address, negativeVectors.stride, gradients.address, gradients.stride, plan.zeros],
    );
    kernels.addScaledRows(
      ...[labelVectors.address, labelVectors.stride, labels.factors, gradients.width, from, end],
      ...[gradients.address, gradients.stride],
    );
    for (let i = layers.length - 1; i >= 0; i--) this.backward(i, from, end);
    this.inputs.dropInputs(plan.inputGradients, from, end);
    this.inputs.describeMeans(from, to);
    if (plan.heads) this.inputs.headGradients(plan.heads, from, to, member);
  }

  private backward(i: number, from: number, end: number): void {
    const { kernels, plan } = this;
    const { output, outputGradients, transposed, inputWidth, relu } = plan.layers[i];
    const { address, stride, width } = outputGradients;
    const isHidden = i + 1 < plan.layers.length;
    // What dropout left out is not positive either.
    if (relu) {
      const { factor } = this.maskOf(i + 1, isHidden ? plan.hiddenDropout : 0);
      kernels.maskByPositive(address, output.address, stride, width, from, end, factor);
    } else if (isHidden) this.dropHidden(i, outputGradients, from, end);
    const target = plan.layers[i - 1]?.outputGradients ?? plan.inputGradients;
    kernels.multiply(
      ...[from, end, inputWidth, width, address, stride, transposed.address, transposed.stride],
      ...[target.address, target.stride, plan.zeros],
    );
  }

  private dropHidden(layer: number, matrix: MatrixPlan, from: number, end: number): void {
    const { layers, hiddenDropout } = this.plan;
    if (hiddenDropout === 0) return;
    this.drop(matrix, from, end, layers[layer].outputSize, 0, this.maskOf(layer + 1, hiddenDropout));
  }

  private weightGradients(i: number, from: number, to: number): number {
    const { layers, inputs } = this.plan;
    const { gradients, outputGradients } = layers[i];
    const input = layers[i - 1]?.output ?? inputs;
    return this.sumOverExamples(input, outputGradients, gradients, from, to);
  }

  private negativeGradients(from: number, to: number): number {
    const { layers, logits, negativeGradients } = this.plan;
    return this.sumOverExamples(logits, layers[layers.length - 1].output, negativeGradients, from, to);
  }

  /** Rows from … to of left^T · right. @returns their sum */
  private sumOverExamples(left: MatrixPlan, right: MatrixPlan, target: MatrixPlan, from: number, to: number): number {
    const { kernels } = this;
    const rowCount = padded(this.frame[FRAME.rowCount]);
    kernels.multiplyTransposed(
      ...[from, to, right.width, rowCount, left.address, left.stride, right.address, right.stride],
      ...[target.address, target.stride, this.plan.zeros],
    );
    return kernels.sum(target.address + from * target.stride, ((to - from) * target.stride) / FLOAT);
  }

  private biasGradients({ outputGradients, biasGradients }: LayerPlan): number {
    const { address, stride, width } = outputGradients;
    this.kernels.sumColumns(address, stride, padded(this.frame[FRAME.rowCount]), 0, width, biasGradients);
    return this.kernels.sum(biasGradients, width);
  }

  private adagrad(index: number, part: number, parts: number, member: number): void {
    const { kernels, frame } = this;
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
      ...[accumulators, this.frameFloats[FRAME.tableRate], ADAGRAD_EPSILON, counts + SORT_COUNT_BYTES],
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

  private zeroRows(address: number, stride: number, from: number, to: number): void {
    if (from < to) this.kernels.fillZero(address + from * stride, (to - from) * stride);
  }
}

/** Tasks for the ranges that 0 … count falls into. */
function cut<T>(count: number, size: number, task: (from: number, to: number) => T): T[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => task(i * size, Math.min((i + 1) * size, count)));
}
