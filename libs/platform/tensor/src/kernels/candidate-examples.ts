/** What a candidate training step does beside the tower and the optimizers; its formulas stand in the port. */
import { CandidateInputTasks } from './candidate-inputs';
import type { CandidatePlan } from './candidate-plan';
import { CandidateTasks } from './candidate-tasks';
import type { Kernels } from './load-kernels';
import { FLOAT, FRAME, type MatrixPlan, padded } from './step-plan';
import type { StepParts } from './step-program';
import { cut, type Task } from './step-tasks';
import type { TowerTasks } from './tower-tasks';

const NEGATIVES_PER_TASK = 64;

export class CandidateExamples extends CandidateTasks implements StepParts {
  readonly prepare: readonly Task[];
  readonly weights: readonly (() => number)[];
  private readonly inputs: CandidateInputTasks;

  constructor(
    kernels: Kernels,
    memory: WebAssembly.Memory,
    plan: CandidatePlan,
    private readonly tower: TowerTasks,
  ) {
    super(kernels, memory, plan);
    this.inputs = new CandidateInputTasks(kernels, memory, plan);
    const { negativeCount, heads } = plan;
    const ofNegatives = <T>(task: (from: number, to: number) => T) =>
      cut(padded(negativeCount), NEGATIVES_PER_TASK, (from, to) => () => task(from, to));
    this.prepare = ofNegatives((from, to) => this.gatherNegatives(from, to));
    this.weights = [
      ...ofNegatives((from, to) => this.negativeGradients(from, to)),
      ...(heads ? [() => this.inputs.positionGradients(heads)] : []),
      ...(heads?.queried ? [() => this.inputs.queryGradients(heads)] : []),
    ];
  }

  private gatherNegatives(from: number, to: number): void {
    const { kernels } = this;
    const { negativeVectors: vectors, negativesTransposed: transposed } = this.plan;
    const output = this.table('output');
    const rows = this.entries('output', 'negative').rows;
    kernels.gatherRows(output.address, output.stride, output.width, rows, from, to, vectors.address, vectors.stride);
    const { scaling } = this.plan;
    if (scaling) this.scale(vectors, from, to, 1, scaling.negatives);
    kernels.transpose(vectors.address, vectors.stride, vectors.width, from, to, transposed.address, transposed.stride);
  }

  examples(from: number, to: number, member: number): void {
    const { kernels, plan } = this;
    const { layers, logits, labelVectors, negativeVectors, negativesTransposed } = plan;
    const end = padded(to);
    this.inputs.assemble(from, to, end, member);
    this.inputs.dropInputs(plan.inputs, from, end);
    this.tower.forward(from, end);
    const last = layers[layers.length - 1];
    const users = last.output;
    const labels = this.entries('output', 'label');
    const table = this.table('output');
    kernels.gatherRows(
      ...[table.address, table.stride, table.width, labels.rows, from, end, labelVectors.address, labelVectors.stride],
    );
    if (plan.scaling) {
      this.scale(labelVectors, from, end, 1, plan.scaling.labels);
      this.scale(users, from, end, plan.scaling.userLength, plan.scaling.users);
    }
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
    if (plan.scaling) {
      this.throughScaling(gradients, users, from, end, plan.scaling.userLength, plan.scaling.users, gradients);
      // Of the labels: the users' vectors, and where the labels' stood, which nothing needs any more.
      this.throughScaling(users, labelVectors, from, end, 1, plan.scaling.labels, labelVectors);
    }
    this.tower.backward(from, end);
    this.inputs.dropInputs(plan.inputGradients, from, end);
    this.inputs.describeMeans(from, to);
    if (plan.heads) this.inputs.headGradients(plan.heads, from, to, member);
  }

  private negativeGradients(from: number, to: number): number {
    const { layers, logits, negativeGradients, negativeVectors, scaling } = this.plan;
    const sum = this.tower.sumOverExamples(logits, layers[layers.length - 1].output, negativeGradients, from, to);
    if (!scaling) return sum;
    const target = negativeGradients;
    this.throughScaling(target, negativeVectors, from, to, 1, scaling.negatives, target);
    return this.kernels.sum(target.address + from * target.stride, ((to - from) * target.stride) / FLOAT);
  }

  private scale({ address, stride, width }: MatrixPlan, from: number, to: number, length: number, factors: number) {
    this.kernels.scaleRows(address, stride, width, from, to, length, factors);
  }

  private throughScaling(
    gradients: MatrixPlan,
    scaled: MatrixPlan,
    from: number,
    to: number,
    length: number,
    factors: number,
    target: MatrixPlan,
  ): void {
    this.kernels.scaledRowGradients(
      ...[gradients.address, gradients.stride, scaled.address, scaled.stride, scaled.width, from, to],
      ...[factors, length, target.address, target.stride],
    );
  }
}
