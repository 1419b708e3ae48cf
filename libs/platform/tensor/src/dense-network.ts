/**
 * A DenseStack in training: forward, an explicit backward pass, Adam.
 *
 * Backward is written out instead of taken from automatic differentiation because of what the WebAssembly backend is
 * fast at (512 × 208 by 208 × 256, one core): a product of untransposed operands takes 1.3 ms, the same with an operand
 * flagged as transposed 21 ms. So transposes are made first (0.03 to 0.5 ms), those of the weights once per step. A
 * bias gradient is a product with a row of ones: 0.03 ms, where `sum` over the rows takes 0.7 ms.
 *
 * The weights' home is the host, where Adam changes them (see Adam); the copies on the backend are made anew each step.
 */
import { Adam, type AdamOptions, type AdamState, applyDropout, checkStack, type DenseStack } from '@watchnext/learning';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { requireActive, type TensorBackend } from './backend';

/** What `backward` needs of a `forward`. */
export interface ForwardPass {
  /** [rowCount, outputSize] */
  readonly output: Tensor2D;
  /** The input of each layer: [rowCount, inputSize of the layer]. */
  readonly layerInputs: readonly Tensor2D[];
  /** What the hidden numbers that dropout kept were multiplied by. */
  readonly keptScale: number;
}

/** Dropout on the hidden layers, by the masks of `applyDropout`: the first hidden layer is layer 1. */
export interface HiddenDropout {
  readonly seed: number;
  readonly rate: number;
}

interface DeviceLayer {
  readonly weights: Tensor2D;
  readonly weightsTransposed: Tensor2D;
  readonly bias: Tensor1D;
}

/**
 * Tensors that `forward` and `backward` return or keep in the pass belong to the `tf.tidy` they are called in:
 *
 *   const inputGradient = tf.tidy(() => {
 *     const pass = network.forward(input);
 *     return network.backward(pass, lossGradient(pass.output));
 *   });
 *   network.step();
 *   …
 *   network.dispose();
 */
export class DenseNetwork {
  readonly inputSize: number;
  readonly outputSize: number;
  private readonly stack: DenseStack;
  private readonly adam: Adam;
  private device: readonly DeviceLayer[];
  /** Per layer weights and bias, as Adam's parameters; undefined between `step` and the next `backward`. */
  private pendingGradients: readonly Float32Array[] | undefined;

  /** Copies the stack. @throws Error when the stack is empty or its layers do not fit */
  constructor(
    private readonly backend: TensorBackend,
    stack: DenseStack,
    options: AdamOptions,
  ) {
    if (stack.length === 0) throw new Error('a network needs at least one layer');
    checkStack(stack);
    this.stack = copyOf(stack);
    this.inputSize = stack[0].inputSize;
    this.outputSize = stack[stack.length - 1].outputSize;
    this.adam = new Adam(
      this.stack.flatMap((layer) => [layer.weights, layer.bias]),
      options,
    );
    this.device = this.upload();
  }

  get learningRate(): number {
    return this.adam.learningRate;
  }

  set learningRate(value: number) {
    this.adam.learningRate = value;
  }

  /** @param input [rowCount, inputSize]. @throws Error when another backend became active, or after `dispose` */
  forward(input: Tensor2D, dropout: HiddenDropout = { seed: 0, rate: 0 }): ForwardPass {
    requireActive(this.backend);
    if (this.device.length === 0) throw new Error('the network was disposed of');
    const { tf } = this.backend;
    const layerInputs: Tensor2D[] = [];
    let rows = input;
    for (const [i, { weights, bias }] of this.device.entries()) {
      layerInputs.push(rows);
      rows = tf.fused.matMul({ a: rows, b: weights, bias, activation: this.stack[i].activation }) as Tensor2D;
      if (dropout.rate > 0 && i + 1 < this.stack.length) rows = tf.mul(rows, this.mask(rows.shape, i + 1, dropout));
    }
    return { output: rows, layerInputs, keptScale: 1 / (1 - dropout.rate) };
  }

  private mask(shape: [number, number], layer: number, { seed, rate }: HiddenDropout): Tensor2D {
    const factors = new Float32Array(shape[0] * shape[1]).fill(1);
    applyDropout(factors, shape[1], shape[1], { seed, layer, rate });
    return this.backend.tf.tensor2d(factors, shape);
  }

  /**
   * Takes the gradients of weights and biases to the host, for `step` or `gradients`.
   * @param outputGradient ∂loss/∂output, [rowCount, outputSize]
   * @returns ∂loss/∂input, [rowCount, inputSize]
   */
  backward(pass: ForwardPass, outputGradient: Tensor2D): Tensor2D {
    const { tf } = this.backend;
    const ones = tf.ones([1, outputGradient.shape[0]]) as Tensor2D;
    const gradients: Float32Array[] = [];
    let gradient = outputGradient;
    for (let i = this.stack.length - 1; i >= 0; i--) {
      if (this.stack[i].activation === 'relu') {
        const output = pass.layerInputs[i + 1] ?? pass.output;
        // Zero where the ReLU or dropout cut off, so the mask need not be kept.
        gradient = tf.mul(gradient, tf.step(output));
        if (pass.keptScale !== 1) gradient = tf.mul(gradient, pass.keptScale);
      }
      const weightGradient = tf.matMul(tf.transpose(pass.layerInputs[i]), gradient);
      const biasGradient = tf.matMul(ones, gradient);
      gradients.unshift(weightGradient.dataSync<'float32'>(), biasGradient.dataSync<'float32'>());
      gradient = tf.matMul(gradient, this.device[i].weightsTransposed);
    }
    this.pendingGradients = gradients;
    return gradient;
  }

  /** One Adam step with the gradients of the last `backward`. @throws Error when there was none since the last step */
  step(): void {
    this.adam.step(this.gradients());
    this.pendingGradients = undefined;
    this.disposeDevice();
    this.device = this.upload();
  }

  /** Of the last `backward`: weights, bias, weights, bias… in order of the layers. @throws Error when there was none */
  gradients(): readonly Float32Array[] {
    if (!this.pendingGradients) throw new Error('there are no gradients: `backward` comes first');
    return this.pendingGradients;
  }

  /** Whether those gradients hold neither NaN nor infinity: 0.1 ms for 10⁵ weights. */
  gradientsAreFinite(): boolean {
    let sum = 0;
    for (const gradient of this.gradients()) for (const g of gradient) sum += g;
    return Number.isFinite(sum);
  }

  /** Of Adam; a copy. */
  optimizerState(): AdamState {
    return this.adam.state();
  }

  restoreOptimizer(state: AdamState): void {
    this.adam.restore(state);
  }

  /** The weights as they are now, in arrays of their own. */
  read(): DenseStack {
    return copyOf(this.stack);
  }

  /** Frees the backend's memory. The network cannot be used afterwards, but for `read`. */
  dispose(): void {
    this.disposeDevice();
    this.device = [];
  }

  private upload(): DeviceLayer[] {
    requireActive(this.backend);
    const { tf } = this.backend;
    return this.stack.map((layer) =>
      tf.tidy(() => {
        const weights = tf.tensor2d(layer.weights, [layer.inputSize, layer.outputSize]);
        return {
          weights: tf.keep(weights),
          weightsTransposed: tf.keep(tf.transpose(weights)),
          bias: tf.keep(tf.tensor1d(layer.bias)),
        };
      }),
    );
  }

  private disposeDevice(): void {
    for (const layer of this.device) this.backend.tf.dispose([layer.weights, layer.weightsTransposed, layer.bias]);
  }
}

function copyOf(stack: DenseStack): DenseStack {
  return stack.map((layer) => ({ ...layer, weights: layer.weights.slice(), bias: layer.bias.slice() }));
}
