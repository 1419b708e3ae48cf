export { encodeOnnx, INPUT_NAME, OUTPUT_NAME } from './encode-onnx';
export { OnnxStack, type OnnxStackOptions } from './onnx-stack';
