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
export { wasmCandidateEngine, type WasmEngineOptions } from './wasm-candidate-engine';
export { candidateEngineOn, type CandidateEngineOptions, type ChosenEngine } from './candidate-engines';
export { TablesTooLargeError } from './kernels/arena';
