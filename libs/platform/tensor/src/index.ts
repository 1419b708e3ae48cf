export {
  selectBackend,
  requireActive,
  BackendUnavailableError,
  type BackendName,
  type BackendPreference,
  type ModuleLoader,
  type TensorBackend,
} from './backend';
export { DenseNetwork, type ForwardPass } from './dense-network';
export { tfjsCandidateEngine } from './candidate-engine';
export { tfjsRankingEngine } from './ranking-engine';
export { wasmCandidateEngine } from './wasm-candidate-engine';
export { wasmRankingEngine } from './wasm-ranking-engine';
export type { KernelOptions } from './kernels/step-host';
export { trainingEnginesOn, type TrainingEngineOptions, type TrainingEngines } from './training-engines';
export { TablesTooLargeError } from './kernels/arena';
export { KERNEL_PREFERENCES, type KernelPreference, kernelModule, nameOfKernels } from './kernels/load-kernels';
export { NativeKernelsUnavailableError } from './kernels/native-kernels';
