/**
 * Writes a dense stack as an ONNX model, byte for byte the same for the same stack.
 *
 * ONNX is protobuf: the messages and field numbers below are those of `onnx.proto` (github.com/onnx/onnx). Only the
 * handful of fields that a chain of Gemm and Relu needs are written, so there is no generated code to keep.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { checkStack, type DenseLayer, type DenseStack } from '@watchnext/learning';

/** Name of the graph's only input, float32 [rows, inputSize]. */
export const INPUT_NAME = 'input';
/** Names of a ranker's inputs: float32 [users, userSize] and [rows, videoSize], one user or as many as rows. */
export const USER_INPUT_NAME = 'user';
export const VIDEO_INPUT_NAME = 'video';
/** Name of the graph's only output, float32 [rows, outputSize]. */
export const OUTPUT_NAME = 'output';

/** Of 2022 and 2021: old enough for every runtime in use, and Gemm and Relu have not changed since opset 14. */
const IR_VERSION = 8;
const OPSET_VERSION = 17;
const FLOAT = 1;

const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 };
const OPSET = { domain: 1, version: 2 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4 };
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const VALUE = { name: 1, type: 2 };
const TYPE = { tensorType: 1 };
const TENSOR_TYPE = { elemType: 1, shape: 2 };
const SHAPE = { dim: 1 };
const DIM = { value: 1, param: 2 };

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
 * @throws RangeError unless 0 < userSize < inputSize; Error as `encodeOnnx`
 */
export function encodeRanker(stack: DenseStack, userSize: number): Uint8Array {
  const [first] = stack;
  if (!first || !Number.isInteger(userSize) || userSize < 1 || userSize >= first.inputSize) {
    throw new RangeError(`${userSize} of ${first?.inputSize ?? 0} columns cannot be the user's`);
  }
  checkStack(stack);
  checkFinite(stack);
  return encodeModel((graph) => writeRanker(graph, stack, userSize));
}

function encodeModel(writeInto: (graph: BinaryWriter) => void): Uint8Array {
  const model = new BinaryWriter();
  int(model, MODEL.irVersion, IR_VERSION);
  text(model, MODEL.producerName, 'watchnext');
  message(model, MODEL.graph, writeInto);
  message(model, MODEL.opsetImport, (opset) => {
    text(opset, OPSET.domain, '');
    int(opset, OPSET.version, OPSET_VERSION);
  });
  return model.finish();
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

function writeRanker(graph: BinaryWriter, stack: DenseStack, userSize: number): void {
  const first = stack[0]!;
  const { inputSize, outputSize, weights } = first;
  const isOnly = stack.length === 1;
  writeNode(graph, 'Gemm', 'gemmUser', [USER_INPUT_NAME, 'weightsUser', 'bias0'], 'userSum');
  writeNode(graph, 'MatMul', 'matmulVideo', [VIDEO_INPUT_NAME, 'weightsVideo'], 'videoSum');
  const next = isOnly ? OUTPUT_NAME : 'activation0';
  writeNode(graph, 'Add', 'add0', ['videoSum', 'userSum'], first.activation === 'relu' ? 'sum0' : next);
  if (first.activation === 'relu') writeNode(graph, 'Relu', 'relu0', ['sum0'], next);
  stack.slice(1).forEach((layer, i) => writeLayer(graph, layer, i + 1, i + 2 === stack.length));
  text(graph, GRAPH.name, 'ranker');
  writeTensor(graph, 'weightsUser', [userSize, outputSize], weights.subarray(0, userSize * outputSize));
  writeTensor(graph, 'weightsVideo', [inputSize - userSize, outputSize], weights.subarray(userSize * outputSize));
  stack.forEach((layer, index) => {
    if (index > 0) writeTensor(graph, `weights${index}`, [layer.inputSize, layer.outputSize], layer.weights);
    writeTensor(graph, `bias${index}`, [layer.outputSize], layer.bias);
  });
  writeValue(graph, GRAPH.input, USER_INPUT_NAME, userSize, 'users');
  writeValue(graph, GRAPH.input, VIDEO_INPUT_NAME, inputSize - userSize);
  writeValue(graph, GRAPH.output, OUTPUT_NAME, stack[stack.length - 1]!.outputSize);
}

function writeLayer(graph: BinaryWriter, layer: DenseLayer, index: number, isLast: boolean): void {
  const from = index === 0 ? INPUT_NAME : `activation${index - 1}`;
  const to = isLast ? OUTPUT_NAME : `activation${index}`;
  const sum = layer.activation === 'relu' ? `sum${index}` : to;
  writeNode(graph, 'Gemm', `gemm${index}`, [from, `weights${index}`, `bias${index}`], sum);
  if (layer.activation === 'relu') writeNode(graph, 'Relu', `relu${index}`, [sum], to);
}

function writeNode(graph: BinaryWriter, opType: string, name: string, inputs: string[], output: string): void {
  message(graph, GRAPH.node, (node) => {
    for (const input of inputs) text(node, NODE.input, input);
    text(node, NODE.output, output);
    text(node, NODE.name, name);
    text(node, NODE.opType, opType);
  });
}

function writeTensor(graph: BinaryWriter, name: string, shape: number[], data: Float32Array): void {
  message(graph, GRAPH.initializer, (tensor) => {
    for (const size of shape) int(tensor, TENSOR.dims, size);
    int(tensor, TENSOR.dataType, FLOAT);
    text(tensor, TENSOR.name, name);
    tensor.tag(TENSOR.rawData, WireType.LengthDelimited).bytes(littleEndianBytes(data));
  });
}

/** Declares an input or output [rows, width], `width` open when undefined. */
function writeValue(graph: BinaryWriter, field: number, name: string, width: number | undefined, rows = 'rows'): void {
  message(graph, field, (value) => {
    text(value, VALUE.name, name);
    message(value, VALUE.type, (type) =>
      message(type, TYPE.tensorType, (tensorType) => {
        int(tensorType, TENSOR_TYPE.elemType, FLOAT);
        message(tensorType, TENSOR_TYPE.shape, (shape) => {
          message(shape, SHAPE.dim, (dim) => text(dim, DIM.param, rows));
          message(shape, SHAPE.dim, (dim) =>
            width === undefined ? text(dim, DIM.param, 'width') : int(dim, DIM.value, width),
          );
        });
      }),
    );
  });
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => unknown): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

const int = (writer: BinaryWriter, field: number, value: number) => writer.tag(field, WireType.Varint).int64(value);

const text = (writer: BinaryWriter, field: number, value: string) =>
  writer.tag(field, WireType.LengthDelimited).string(value);

/** The format is little-endian whatever the machine is. */
function littleEndianBytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) view.setFloat32(i * 4, data[i]!, true);
  return bytes;
}

function checkFinite(stack: DenseStack): void {
  for (const [index, { weights, bias }] of stack.entries()) {
    if (!weights.every(Number.isFinite) || !bias.every(Number.isFinite)) {
      throw new RangeError(`layer ${index} has weights that are not finite`);
    }
  }
}
