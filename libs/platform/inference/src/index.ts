export {
  encodeOnnx,
  encodeRanker,
  encodeRankerOf,
  INPUT_NAME,
  OUTPUT_NAME,
  USER_INPUT_NAME,
  VIDEO_INPUT_NAME,
} from './encode-onnx';
export { OnnxStack, type OnnxStackOptions } from './onnx-stack';
export { onnxTowerRunner } from './onnx-tower-runner';
export { Ranker, type ScoredRows } from './ranker';
export { RankerStack } from './ranker-stack';
export type { RankerTower, TowerRun } from './tower';
export { TowerOverloadedError, TowerThreads, type TowerThreadsOptions } from './tower-threads';
