import { logisticGradient, logisticLoss } from '@watchnext/ranking-model';
import type { Kernels } from './load-kernels';
import type { BagPlan, RankingPlan } from './ranking-plan';
import { ENTRY, FLOAT, FRAME, padded } from './step-plan';
import type { StepParts } from './step-program';
import { StepTasks } from './step-tasks';
import type { TowerTasks } from './tower-tasks';

/** What a ranking training step does beside the tower and the optimizers; its formulas stand in the port. */
export class RankingExamples extends StepTasks<RankingPlan> implements StepParts {
  readonly prepare = [];
  readonly weights = [];
  private readonly firstEntries: Int32Array;
  private readonly logits: Float32Array;
  private readonly logitGradients: Float32Array;
  private readonly positiveWeights: Float32Array;
  private readonly negativeWeights: Float32Array;
  /** Added to the logits; empty where nothing is. */
  private readonly offsets: Float32Array;
  private readonly losses: Float64Array;

  constructor(
    kernels: Kernels,
    memory: WebAssembly.Memory,
    plan: RankingPlan,
    private readonly tower: TowerTasks,
  ) {
    super(kernels, memory, plan);
    const { batchSize, headCount, layers } = plan;
    const { output, outputGradients } = layers[layers.length - 1];
    const numbersOf = ({ address, stride }: typeof output) => this.floats(address, (batchSize * stride) / FLOAT);
    this.firstEntries = new Int32Array(memory.buffer, plan.firstEntries, plan.bags.length);
    this.logits = numbersOf(output);
    this.logitGradients = numbersOf(outputGradients);
    this.positiveWeights = this.floats(plan.positiveWeights, batchSize * headCount);
    this.negativeWeights = this.floats(plan.negativeWeights, batchSize * headCount);
    this.offsets = plan.hasOffsets ? this.floats(plan.offsets, batchSize * headCount) : new Float32Array(0);
    this.losses = new Float64Array(memory.buffer, plan.losses, batchSize);
  }

  examples(from: number, to: number): void {
    const { plan } = this;
    const end = padded(to);
    this.assemble(from, to, end);
    this.tower.forward(from, end);
    const { outputGradients } = plan.layers[plan.layers.length - 1];
    this.loss(from, to);
    this.zeroRows(outputGradients.address, outputGradients.stride, to, end);
    this.tower.backward(from, end);
    plan.bags.forEach((bag, i) => this.describe(bag, i, from, to));
  }

  private assemble(from: number, to: number, end: number): void {
    const { kernels, plan } = this;
    const { inputs, inputSize, values, runs, bags } = plan;
    for (const run of runs) {
      kernels.copyRows(
        ...[values + run.from * FLOAT, inputSize * FLOAT, run.size, from, to],
        ...[inputs.address + run.at * FLOAT, inputs.stride],
      );
    }
    bags.forEach(({ table, at, starts }, i) => {
      const { address, stride, dimensions } = plan.tables[table];
      kernels.meanOfColumns(
        ...[address, stride, dimensions, this.entriesOf(table, i).rows, starts, from, to],
        ...[inputs.address + at * FLOAT, inputs.stride],
      );
    });
    this.zeroRows(inputs.address, inputs.stride, to, end);
  }

  /** For the update: where the gradients of a bag's rows lie. */
  private describe({ table, at, starts }: BagPlan, bag: number, from: number, to: number): void {
    const { address, stride } = this.plan.inputGradients;
    const { gradients, factors } = this.entriesOf(table, bag);
    this.kernels.describeMeans(starts, from, to, address + at * FLOAT, stride, gradients, factors);
  }

  /** Losses of the rows, and their gradients by the logits: a thousandth of the arithmetic, in double precision. */
  private loss(from: number, to: number): void {
    const { headCount, layers, gradientClip, hasOffsets } = this.plan;
    const { stride } = layers[layers.length - 1].output;
    const rowCount = this.frame[FRAME.rowCount];
    for (let row = from; row < to; row++) {
      let sum = 0;
      for (let head = 0; head < headCount; head++) {
        const at = (row * stride) / FLOAT + head;
        const weight = row * headCount + head;
        const [positive, negative] = [this.positiveWeights[weight], this.negativeWeights[weight]];
        const z = hasOffsets ? this.logits[at] + this.offsets[weight] : this.logits[at];
        sum += logisticLoss(z, positive, negative);
        this.logitGradients[at] = logisticGradient(z, positive, negative, gradientClip) / rowCount;
      }
      this.losses[row] = sum;
    }
  }

  /** Addresses of a bag's entries among those of its table. */
  private entriesOf(table: number, bag: number): { rows: number; gradients: number; factors: number } {
    const { frame } = this;
    const at = FRAME.tables + table * FRAME.perTable;
    const offset = this.firstEntries[bag] * FLOAT;
    return {
      rows: frame[at + ENTRY.rows] + offset,
      gradients: frame[at + ENTRY.gradients] + offset,
      factors: frame[at + ENTRY.factors] + offset,
    };
  }
}
