/**
 * Writes the few parts of an ONNX model that chains of dense layers need, byte for byte the same for the same chain.
 *
 * ONNX is protobuf: the messages and field numbers below are those of `onnx.proto` (github.com/onnx/onnx). Only a handful of
 * fields are written, so there is no generated code to keep.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Of 2022 and 2021: old enough for every runtime in use, and Gemm and Relu have not changed since opset 14. */
const IR_VERSION = 8;
const OPSET_VERSION = 17;
/** Types of elements. */
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
/** Types of attributes. */
const INTEGER = 2;
const INTEGERS = 7;

const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 };
const OPSET = { domain: 1, version: 2 };
/** Fields of a graph. */
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, integer: 3, integers: 8, type: 20 };
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const VALUE = { name: 1, type: 2 };
const TYPE = { tensorType: 1 };
const TENSOR_TYPE = { elemType: 1, shape: 2 };
const SHAPE = { dim: 1 };
const DIM = { value: 1, param: 2 };

export function encodeModel(writeInto: (graph: BinaryWriter) => void): Uint8Array {
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

export function writeNode(
  graph: BinaryWriter,
  opType: string,
  name: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): void {
  message(graph, GRAPH.node, (node) => {
    for (const input of inputs) text(node, NODE.input, input);
    text(node, NODE.output, output);
    text(node, NODE.name, name);
    text(node, NODE.opType, opType);
    for (const [attribute, value] of Object.entries(attributes)) writeAttribute(node, attribute, value);
  });
}

function writeAttribute(node: BinaryWriter, name: string, value: number | readonly number[]): void {
  message(node, NODE.attribute, (attribute) => {
    text(attribute, ATTRIBUTE.name, name);
    if (typeof value === 'number') int(attribute, ATTRIBUTE.integer, value);
    else for (const one of value) int(attribute, ATTRIBUTE.integers, one);
    int(attribute, ATTRIBUTE.type, typeof value === 'number' ? INTEGER : INTEGERS);
  });
}

/** @param shape of a matrix or vector; none of a single number */
export function writeTensor(
  graph: BinaryWriter,
  name: string,
  shape: readonly number[],
  data: Float32Array | Int8Array | Uint8Array,
): void {
  message(graph, GRAPH.initializer, (tensor) => {
    for (const size of shape) int(tensor, TENSOR.dims, size);
    int(tensor, TENSOR.dataType, data instanceof Float32Array ? FLOAT : data instanceof Int8Array ? INT8 : UINT8);
    text(tensor, TENSOR.name, name);
    const bytes =
      data instanceof Float32Array
        ? littleEndianBytes(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    tensor.tag(TENSOR.rawData, WireType.LengthDelimited).bytes(bytes);
  });
}

/** Declares an input or output [rows, width], `width` open when undefined. */
export function writeValue(
  graph: BinaryWriter,
  field: number,
  name: string,
  width: number | undefined,
  rows = 'rows',
): void {
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

export const text = (writer: BinaryWriter, field: number, value: string) =>
  writer.tag(field, WireType.LengthDelimited).string(value);

/** The format is little-endian whatever the machine is. */
function littleEndianBytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) view.setFloat32(i * 4, data[i]!, true);
  return bytes;
}
