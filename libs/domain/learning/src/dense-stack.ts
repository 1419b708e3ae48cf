import type { Random } from './random';
import type { DenseLayer, DenseStack } from './types';

/**
 * Layers for `sizes` = [input, hidden…, output]: ReLU between, the last one linear, biases zero. Weights are normal with
 * variance 2/inputSize before a ReLU (He et al. 2015), which halves the variance, and 1/inputSize before the linear one.
 * A single size gives the empty stack, which is the identity.
 */
export function initialiseStack(sizes: readonly number[], random: Random): DenseStack {
  if (sizes.length === 0 || sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new RangeError(`layer sizes are integers from 1, not [${sizes.join(', ')}]`);
  }
  const layers: DenseLayer[] = [];
  for (let i = 0; i + 1 < sizes.length; i++) {
    const [inputSize, outputSize] = [sizes[i], sizes[i + 1]];
    const activation = i + 2 < sizes.length ? 'relu' : 'linear';
    const scale = Math.sqrt((activation === 'relu' ? 2 : 1) / inputSize);
    const weights = Float32Array.from({ length: inputSize * outputSize }, () => scale * random.gaussian());
    layers.push({ inputSize, outputSize, weights, bias: new Float32Array(outputSize), activation });
  }
  return layers;
}

/** @throws Error when a layer's arrays do not fit its sizes or a layer does not fit the one before */
export function checkStack(stack: DenseStack): void {
  for (const [i, layer] of stack.entries()) {
    const fits =
      layer.weights.length === layer.inputSize * layer.outputSize &&
      layer.bias.length === layer.outputSize &&
      (i === 0 || layer.inputSize === stack[i - 1].outputSize);
    if (!fits) throw new Error(`layer ${i} of the stack does not fit: ${layer.inputSize} → ${layer.outputSize}`);
  }
}

/**
 * The reference forward pass, for evaluation and as the oracle of the engines.
 * @param input [rowCount, inputSize]
 * @returns [rowCount, outputSize]; sums are held in float64, so other implementations differ by float32 rounding
 * @throws RangeError when `input` is not rowCount rows
 */
export function runStack(stack: DenseStack, input: Float32Array, rowCount: number): Float32Array {
  let rows = input;
  for (const layer of stack) rows = runLayer(layer, rows, rowCount);
  return rows === input ? input.slice() : rows;
}

function runLayer(layer: DenseLayer, input: Float32Array, rowCount: number): Float32Array {
  const { inputSize, outputSize, weights, bias } = layer;
  if (input.length !== rowCount * inputSize) {
    throw new RangeError(
      `${rowCount} rows of ${inputSize} numbers were expected, but there are ${input.length} numbers`,
    );
  }
  const output = new Float32Array(rowCount * outputSize);
  const sums = new Float64Array(outputSize);
  for (let row = 0; row < rowCount; row++) {
    sums.set(bias);
    for (let i = 0; i < inputSize; i++) {
      const x = input[row * inputSize + i];
      if (x === 0) continue; // what a ReLU cut off, and absent features
      const from = i * outputSize;
      for (let j = 0; j < outputSize; j++) sums[j] += x * weights[from + j];
    }
    const to = row * outputSize;
    // `< 0 ? 0 : x` lets NaN through, so that a broken tower is seen.
    for (let j = 0; j < outputSize; j++) output[to + j] = layer.activation === 'relu' && sums[j] < 0 ? 0 : sums[j];
  }
  return output;
}
