/**
 * Hidden layers with weights of 8 bits, for processors that multiply such several times as fast as float32.
 *
 * A layer's input, which a ReLU gave, is scaled row by row, so that the row's largest value becomes `LEVELS`, and rounded: a
 * row's result does not depend on the rows beside it, as it would with the one scale for all that onnxruntime's own dynamic
 * quantisation takes. Each output column has a scale of its own for its weights. Sums of products are whole numbers of 32 bits,
 * so exact; what comes out is scaled back and the bias added in float32.
 *
 *   row scale r = max(x), q = round(x · LEVELS / r), y = (q · W₈) · (s / LEVELS) · r + b
 */
import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { DenseLayer, DenseStack } from '@watchnext/learning';
import { writeNode, writeTensor } from './onnx-writer';

/**
 * Seven bits for inputs: processors without 8-bit dot products add two products of them in 16 bits, where eight would overflow.
 * So results do not depend on the processor.
 */
const LEVELS = 127;
const LARGEST_WEIGHT = 127;
/** Stands in for the scale of a row of zeros. */
const LEAST_SCALE = 1e-30;

/** Whether a layer can be so: not the first, whose columns differ too much in scale, nor the heads, which are few columns. */
export function isForInt8(stack: DenseStack, index: number): boolean {
  return index > 0 && index < stack.length - 1 && stack[index - 1]!.activation === 'relu';
}

/** The layer up to its sum, before any ReLU. @param layer its name, which begins those of its nodes */
export function writeInt8Sum(graph: BinaryWriter, layer: string, from: string, sum: string): void {
  const value = (name: string) => `${layer}.${name}`;
  const node = (opType: string, inputs: string[], output: string, attributes = {}) =>
    writeNode(graph, opType, value(`to ${output}`), inputs, output, attributes);
  node('ReduceMax', [from], value('largest'), { axes: [1], keepdims: 1 });
  node('Max', [value('largest'), 'leastScale'], value('scale'));
  node('Div', ['levels', value('scale')], value('factor'));
  node('Mul', [from, value('factor')], value('scaled'));
  node('QuantizeLinear', [value('scaled'), 'one', 'zeroInput'], value('quantised'));
  node('MatMulInteger', [value('quantised'), value('weights'), 'zeroInput', 'zeroWeight'], value('products'));
  node('Cast', [value('products')], value('floats'), { to: 1 });
  node('Mul', [value('floats'), value('weightScales')], value('unscaled'));
  node('Mul', [value('unscaled'), value('scale')], value('product'));
  node('Add', [value('product'), value('bias')], sum);
}

export function writeInt8Weights(graph: BinaryWriter, layer: string, dense: DenseLayer): void {
  const { inputSize, outputSize, weights, bias } = dense;
  const largest = new Float32Array(outputSize);
  weights.forEach((weight, i) => {
    const column = i % outputSize;
    largest[column] = Math.max(largest[column]!, Math.abs(weight));
  });
  const quantised = new Int8Array(weights.length);
  weights.forEach((weight, i) => {
    const most = largest[i % outputSize]!;
    if (most > 0) quantised[i] = Math.round((weight / most) * LARGEST_WEIGHT);
  });
  writeTensor(graph, `${layer}.weights`, [inputSize, outputSize], quantised);
  writeTensor(
    graph,
    `${layer}.weightScales`,
    [outputSize],
    largest.map((most) => most / LARGEST_WEIGHT / LEVELS),
  );
  writeTensor(graph, `${layer}.bias`, [outputSize], bias);
}

/** What the layers have in common, once a graph. */
export function writeInt8Constants(graph: BinaryWriter): void {
  writeTensor(graph, 'leastScale', [], Float32Array.of(LEAST_SCALE));
  writeTensor(graph, 'levels', [], Float32Array.of(LEVELS));
  writeTensor(graph, 'one', [], Float32Array.of(1));
  writeTensor(graph, 'zeroInput', [], Uint8Array.of(0));
  writeTensor(graph, 'zeroWeight', [], Int8Array.of(0));
}
