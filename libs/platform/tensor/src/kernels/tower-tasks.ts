import { FLOAT, FRAME, type LayerPlan, type MatrixPlan, padded } from './step-plan';
import { cut, StepTasks, type Task } from './step-tasks';

const WEIGHT_ROWS_PER_TASK = 32;

/** The tower, forward and backward; rows are computed up to the next multiple of 8, those beyond the last with gradients of zero. */
export class TowerTasks extends StepTasks {
  /** For the way back; before any example. */
  transposes(): Task[] {
    const { layers, inputGradients } = this.plan;
    return layers.flatMap((layer, i) =>
      cut(
        i === 0 ? inputGradients.width : layer.inputWidth,
        WEIGHT_ROWS_PER_TASK,
        (from, to) => () => this.transposeWeights(layer, from, to),
      ),
    );
  }

  /** Rows from … end of all layers' outputs. */
  forward(from: number, end: number): void {
    const { kernels, plan } = this;
    const { layers } = plan;
    layers.forEach(({ weights, bias, inputWidth, output, relu }, i) => {
      const input = layers[i - 1]?.output ?? plan.inputs;
      kernels.multiply(
        ...[from, end, output.width, inputWidth, input.address, input.stride, weights.address, weights.stride],
        ...[output.address, output.stride, bias],
      );
      if (relu) kernels.relu(output.address, output.stride, output.width, from, end);
      if (i + 1 < layers.length) this.dropHidden(i, output, from, end);
    });
  }

  /** From the last layer's output gradients to those of the inputs. */
  backward(from: number, end: number): void {
    for (let i = this.plan.layers.length - 1; i >= 0; i--) this.backwardThrough(i, from, end);
  }

  /** Gradients of weights and biases, which sum over the examples; each returns the sum of what it made. */
  weightGradients(): (() => number)[] {
    const { layers, inputs } = this.plan;
    return layers.flatMap((layer, i) => [
      ...cut(layer.inputWidth, WEIGHT_ROWS_PER_TASK, (from, to) => () => {
        return this.sumOverExamples(layers[i - 1]?.output ?? inputs, layer.outputGradients, layer.gradients, from, to);
      }),
      () => this.biasGradients(layer),
    ]);
  }

  /**
   * Rows from … to of left^T · right.
   * @param rowsEach of left and right, for each example
   * @returns their sum
   */
  sumOverExamples(
    left: MatrixPlan,
    right: MatrixPlan,
    target: MatrixPlan,
    from: number,
    to: number,
    rowsEach = 1,
  ): number {
    const { kernels } = this;
    const rowCount = padded(this.frame[FRAME.rowCount]) * rowsEach;
    kernels.multiplyTransposed(
      ...[from, to, right.width, rowCount, left.address, left.stride, right.address, right.stride],
      ...[target.address, target.stride, this.plan.zeros],
    );
    return kernels.sum(target.address + from * target.stride, ((to - from) * target.stride) / FLOAT);
  }

  private transposeWeights({ weights, transposed }: LayerPlan, from: number, to: number): void {
    const { address, stride, width } = weights;
    this.kernels.transpose(address, stride, width, from, to, transposed.address, transposed.stride);
  }

  private backwardThrough(i: number, from: number, end: number): void {
    const { kernels, plan } = this;
    const { output, outputGradients, transposed, relu } = plan.layers[i];
    const { address, stride, width } = outputGradients;
    const isHidden = i + 1 < plan.layers.length;
    // What dropout left out is not positive either.
    if (relu) {
      const { factor } = this.maskOf(i + 1, isHidden ? plan.hiddenDropout : 0);
      kernels.maskByPositive(address, output.address, stride, width, from, end, factor);
    } else if (isHidden) this.dropHidden(i, outputGradients, from, end);
    const target = plan.layers[i - 1]?.outputGradients ?? plan.inputGradients;
    kernels.multiply(
      ...[from, end, target.width, width, address, stride, transposed.address, transposed.stride],
      ...[target.address, target.stride, plan.zeros],
    );
  }

  private dropHidden(layer: number, matrix: MatrixPlan, from: number, end: number): void {
    const { layers, hiddenDropout } = this.plan;
    if (hiddenDropout === 0) return;
    this.drop(matrix, from, end, layers[layer].outputSize, 0, this.maskOf(layer + 1, hiddenDropout));
  }

  private biasGradients({ outputGradients, biasGradients }: LayerPlan): number {
    const { address, stride, width } = outputGradients;
    this.kernels.sumColumns(address, stride, padded(this.frame[FRAME.rowCount]), 0, width, biasGradients);
    return this.kernels.sum(biasGradients, width);
  }
}
