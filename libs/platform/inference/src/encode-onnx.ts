/** Writes a dense stack as an ONNX model, byte for byte the same for the same stack. */
import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { checkStack, type DenseLayer, type DenseStack } from '@watchnext/learning';
import type { RankingModel, RankingPrecision } from '@watchnext/ranking-model';
import { isForInt8, writeInt8Constants, writeInt8Sum, writeInt8Weights } from './int8-layers';
import { encodeModel, GRAPH, text, writeNode, writeTensor, writeValue } from './onnx-writer';

/** Name of the graph's only input, float32 [rows, inputSize]. */
export const INPUT_NAME = 'input';
/** Names of a ranker's inputs: float32 [users, userSize] and [rows, videoSize], one user or as many as rows. */
export const USER_INPUT_NAME = 'user';
export const VIDEO_INPUT_NAME = 'video';
/** Name of the graph's only output, float32 [rows, outputSize]. */
export const OUTPUT_NAME = 'output';

/**
 * Encodes `stack` as an ONNX model with input "input" [rows, inputSize] and output "output" [rows, outputSize], the
 * number of rows left open. Each layer is a Gemm, followed by a Relu where the layer says so; an empty stack is an
 * Identity whose width is left open too.
 *
 * @throws Error if a layer's arrays or sizes do not fit each other, or a weight is not finite.
 */
export function encodeOnnx(stack: DenseStack): Uint8Array {
  checkStack(stack);
  checkFinite(stack);
  return encodeModel((graph) => writeGraph(graph, stack));
}

/**
 * Encodes `stack` with its first layer split after the first `userSize` columns: output = rest(user · W₁ + b + video · W₂),
 * so that a request's user is multiplied once. Sums are added in another order than `encodeOnnx` has them.
 *
 * @param precision "int8": of the layers between the first and the heads; see `int8-layers.ts`
 * @throws RangeError unless 0 < userSize < inputSize; Error as `encodeOnnx`
 */
export function encodeRanker(stack: DenseStack, userSize: number, precision: RankingPrecision = 'float32'): Uint8Array {
  const [first] = stack;
  if (!first || !Number.isInteger(userSize) || userSize < 1 || userSize >= first.inputSize) {
    throw new RangeError(`${userSize} of ${first?.inputSize ?? 0} columns cannot be the user's`);
  }
  checkStack(stack);
  checkFinite(stack);
  return encodeModel((graph) => writeRanker(graph, stack, userSize, precision));
}

/** The ranker of a model, as it is served: in the precision that its configuration says. */
export function encodeRankerOf({ tower, userSize, config }: RankingModel): Uint8Array {
  return encodeRanker(tower, userSize, config.precision);
}

function writeGraph(graph: BinaryWriter, stack: DenseStack): void {
  const first = stack[0];
  const last = stack[stack.length - 1];
  if (first === undefined || last === undefined) {
    writeNode(graph, 'Identity', 'identity', [INPUT_NAME], OUTPUT_NAME);
  } else {
    stack.forEach((layer, index) => writeLayer(graph, layer, index, index === stack.length - 1));
  }
  text(graph, GRAPH.name, 'tower');
  stack.forEach((layer, index) => {
    writeTensor(graph, `weights${index}`, [layer.inputSize, layer.outputSize], layer.weights);
    writeTensor(graph, `bias${index}`, [layer.outputSize], layer.bias);
  });
  writeValue(graph, GRAPH.input, INPUT_NAME, first?.inputSize);
  writeValue(graph, GRAPH.output, OUTPUT_NAME, last?.outputSize);
}

function writeRanker(graph: BinaryWriter, stack: DenseStack, userSize: number, precision: RankingPrecision): void {
  const isInt8 = stack.map((_, index) => precision === 'int8' && isForInt8(stack, index));
  const first = stack[0]!;
  const { inputSize, outputSize, weights } = first;
  const isOnly = stack.length === 1;
  writeNode(graph, 'Gemm', 'gemmUser', [USER_INPUT_NAME, 'weightsUser', 'bias0'], 'userSum');
  writeNode(graph, 'MatMul', 'matmulVideo', [VIDEO_INPUT_NAME, 'weightsVideo'], 'videoSum');
  const next = isOnly ? OUTPUT_NAME : 'activation0';
  writeNode(graph, 'Add', 'add0', ['videoSum', 'userSum'], first.activation === 'relu' ? 'sum0' : next);
  if (first.activation === 'relu') writeNode(graph, 'Relu', 'relu0', ['sum0'], next);
  stack.forEach((layer, index) => {
    if (index > 0) writeLayer(graph, layer, index, index === stack.length - 1, isInt8[index]);
  });
  text(graph, GRAPH.name, 'ranker');
  if (isInt8.includes(true)) writeInt8Constants(graph);
  writeTensor(graph, 'weightsUser', [userSize, outputSize], weights.subarray(0, userSize * outputSize));
  writeTensor(graph, 'weightsVideo', [inputSize - userSize, outputSize], weights.subarray(userSize * outputSize));
  stack.forEach((layer, index) => {
    if (isInt8[index]) {
      writeInt8Weights(graph, `layer${index}`, layer);
      return;
    }
    if (index > 0) writeTensor(graph, `weights${index}`, [layer.inputSize, layer.outputSize], layer.weights);
    writeTensor(graph, `bias${index}`, [layer.outputSize], layer.bias);
  });
  writeValue(graph, GRAPH.input, USER_INPUT_NAME, userSize, 'users');
  writeValue(graph, GRAPH.input, VIDEO_INPUT_NAME, inputSize - userSize);
  writeValue(graph, GRAPH.output, OUTPUT_NAME, stack[stack.length - 1]!.outputSize);
}

function writeLayer(graph: BinaryWriter, layer: DenseLayer, index: number, isLast: boolean, isInt8 = false): void {
  const from = index === 0 ? INPUT_NAME : `activation${index - 1}`;
  const to = isLast ? OUTPUT_NAME : `activation${index}`;
  const sum = layer.activation === 'relu' ? `sum${index}` : to;
  if (isInt8) writeInt8Sum(graph, `layer${index}`, from, sum);
  else writeNode(graph, 'Gemm', `gemm${index}`, [from, `weights${index}`, `bias${index}`], sum);
  if (layer.activation === 'relu') writeNode(graph, 'Relu', `relu${index}`, [sum], to);
}

function checkFinite(stack: DenseStack): void {
  for (const [index, { weights, bias }] of stack.entries()) {
    if (!weights.every(Number.isFinite) || !bias.every(Number.isFinite)) {
      throw new RangeError(`layer ${index} has weights that are not finite`);
    }
  }
}
