import type { TowerRunnerFactory } from '@watchnext/learning';
import { encodeOnnx } from './encode-onnx';
import { OnnxStack } from './onnx-stack';

/** Runs a tower that was just trained, on onnxruntime. */
export const onnxTowerRunner: TowerRunnerFactory = (tower) => OnnxStack.load(encodeOnnx(tower));
