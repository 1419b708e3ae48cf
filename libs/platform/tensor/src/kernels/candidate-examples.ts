/** What a candidate training step does beside the tower and the optimizers; its formulas stand in the port. */
import { CandidateInputTasks } from './candidate-inputs';
import type { CandidatePlan, InterestsPlan } from './candidate-plan';
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
    const labels = this.entries('output', 'label');
    const table = this.table('output');
    kernels.gatherRows(
      ...[table.address, table.stride, table.width, labels.rows, from, end, labelVectors.address, labelVectors.stride],
    );
    if (plan.scaling) this.scale(labelVectors, from, end, 1, plan.scaling.labels);
    const { interests } = plan;
    const rowsEach = interests?.count ?? 1;
    const [firstRow, endRow] = [from * rowsEach, end * rowsEach];
    if (interests) splitInterests(kernels, interests, last.output, table.dimensions, from, end);
    const users = interests?.users ?? last.output;
    const products = interests?.products ?? logits;
    const gradients = interests?.userGradients ?? last.outputGradients;
    if (plan.scaling) this.scale(users, firstRow, endRow, plan.scaling.userLength, plan.scaling.users);
    if (interests) this.routeLabels(interests, from, end);
    else {
      kernels.dotRows(
        ...[users.address, users.stride, labelVectors.address, labelVectors.stride, users.width],
        ...[from, end, labels.factors],
      );
    }
    kernels.multiply(
      ...[firstRow, endRow, products.width, users.width, users.address, users.stride],
      ...[negativesTransposed.address, negativesTransposed.stride, products.address, products.stride],
      plan.negativeBiases,
    );
    if (interests) this.route(kernels.greatestProducts, interests, from, to);
    kernels.sampledSoftmax(
      ...[logits.address, logits.stride, logits.width, this.entries('output', 'negative').rows, from, to],
      ...[labels.rows, labels.factors, plan.excesses, plan.partitions, 1 / this.frame[FRAME.rowCount]],
    );
    if (interests) this.route(kernels.greatestGradients, interests, from, to);
    this.zeroRows(products.address, products.stride, to * rowsEach, endRow);
    this.zeroRows(labels.factors, FLOAT, to, end);

    kernels.multiply(
      ...[firstRow, endRow, gradients.width, products.width, products.address, products.stride],
      ...[negativeVectors.address, negativeVectors.stride, gradients.address, gradients.stride, plan.zeros],
    );
    if (interests) this.addLabels(interests, from, end);
    else {
      kernels.addScaledRows(
        ...[labelVectors.address, labelVectors.stride, labels.factors, gradients.width, from, end],
        ...[gradients.address, gradients.stride],
      );
    }
    if (plan.scaling) {
      const { userLength } = plan.scaling;
      this.throughScaling(gradients, users, firstRow, endRow, userLength, plan.scaling.users, gradients);
      // Of the labels: the users' vectors, and where the labels' stood, which nothing needs any more.
      const ofLabels = interests?.labelUsers ?? users;
      this.throughScaling(ofLabels, labelVectors, from, end, 1, plan.scaling.labels, labelVectors);
    }
    if (interests) joinInterests(kernels, interests, last.outputGradients, table.dimensions, from, end);
    this.tower.backward(from, end);
    this.inputs.dropInputs(plan.inputGradients, from, end);
    this.inputs.describeMeans(from, to);
    if (plan.heads) this.inputs.headGradients(plan.heads, from, to, member);
  }

  /** Which interest scores each label highest: its product, and its user vector for the label's gradient. */
  private routeLabels(
    { count, users, labelUsers, labelRoutes, labelProducts }: InterestsPlan,
    from: number,
    end: number,
  ) {
    const { kernels, plan } = this;
    const { labelVectors } = plan;
    const length = padded(plan.batchSize);
    for (let k = 0; k < count; k++) {
      kernels.dotRows(
        ...[users.address + k * users.stride, count * users.stride, labelVectors.address, labelVectors.stride],
        ...[users.width, from, end, labelProducts + k * length * FLOAT],
      );
    }
    const products = this.floats(labelProducts, count * length);
    const logits = this.floats(this.entries('output', 'label').factors, end);
    const routes = this.integers(labelRoutes, end);
    for (let i = from; i < end; i++) {
      let best = 0;
      for (let k = 1; k < count; k++) {
        const product = products[k * length + i];
        // NaN counts as the greatest, so that a broken number is seen.
        if (product > products[best * length + i] || Number.isNaN(product)) best = k;
      }
      logits[i] = products[best * length + i];
      routes[i] = i * count + best;
    }
    kernels.gatherRows(
      ...[users.address, users.stride, users.width, labelRoutes, from, end, labelUsers.address, labelUsers.stride],
    );
  }

  /** Of all interests' products the greatest, or its gradients back to where they came from. */
  private route(kernel: Kernels['greatestProducts'], interests: InterestsPlan, from: number, to: number): void {
    const { logits } = this.plan;
    const { count, products, routes } = interests;
    kernel(
      ...[products.address, products.stride, products.width, count, from, to],
      ...[logits.address, logits.stride, routes.address, routes.stride],
    );
  }

  /** Each label's part of the gradient of the user vector that it is routed to. */
  private addLabels({ labelRoutes, userGradients }: InterestsPlan, from: number, end: number): void {
    const { labelVectors } = this.plan;
    const { factors } = this.entries('output', 'label');
    const routes = this.integers(labelRoutes, end);
    for (let i = from; i < end; i++) {
      this.kernels.addScaledRows(
        ...[labelVectors.address, labelVectors.stride, factors, userGradients.width, i, i + 1],
        // As if from the first row on: the kernel goes on to row i itself.
        ...[userGradients.address + (routes[i] - i) * userGradients.stride, userGradients.stride],
      );
    }
  }

  private negativeGradients(from: number, to: number): number {
    const { layers, logits, negativeGradients, negativeVectors, scaling, interests } = this.plan;
    const products = interests?.products ?? logits;
    const users = interests?.users ?? layers[layers.length - 1].output;
    const sum = this.tower.sumOverExamples(products, users, negativeGradients, from, to, interests?.count);
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

/** From what the tower gives for an example, all of its user vectors, to a row for each. */
function splitInterests(
  kernels: Kernels,
  { count, users }: InterestsPlan,
  { address, stride }: MatrixPlan,
  dimensions: number,
  from: number,
  end: number,
): void {
  for (let k = 0; k < count; k++) {
    kernels.copyRows(
      ...[address + k * dimensions * FLOAT, stride, dimensions, from, end],
      ...[users.address + k * users.stride, count * users.stride],
    );
  }
}

/** The way back, of their gradients. */
function joinInterests(
  kernels: Kernels,
  { count, userGradients }: InterestsPlan,
  { address, stride }: MatrixPlan,
  dimensions: number,
  from: number,
  end: number,
): void {
  for (let k = 0; k < count; k++) {
    kernels.copyRows(
      ...[userGradients.address + k * userGradients.stride, count * userGradients.stride, dimensions, from, end],
      ...[address + k * dimensions * FLOAT, stride],
    );
  }
}
