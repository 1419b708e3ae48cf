import type { CandidateEngineFactory } from '@watchnext/candidate-model';
import type { TensorBackend } from './backend';
import { tfjsCandidateEngine } from './candidate-engine';
import { TablesTooLargeError } from './kernels/arena';
import { wasmCandidateEngine } from './wasm-candidate-engine';

export interface CandidateEngineOptions {
  /** For our own kernels; TensorFlow's native backends have threads of their own. */
  readonly threads: number;
  /** Told when another engine than the chosen one is used, and why. */
  readonly onFallback?: (reason: string) => void;
}

export interface ChosenEngine {
  /** "kernels": our own in WebAssembly; "tensorflow.js": on the backend. */
  readonly name: 'kernels' | 'tensorflow.js';
  readonly threads: number;
  readonly create: CandidateEngineFactory;
}

/**
 * The fastest engine for the candidate model's training on a backend: TensorFlow where it is native, our own kernels where
 * TensorFlow.js would compute in WebAssembly itself.
 */
export function candidateEngineOn(backend: TensorBackend, options: CandidateEngineOptions): ChosenEngine {
  const tfjs = tfjsCandidateEngine(backend);
  if (backend.name !== 'wasm') return { name: 'tensorflow.js', threads: 1, create: tfjs };
  const { threads, onFallback } = options;
  const kernels = wasmCandidateEngine({ threads });
  const create: CandidateEngineFactory = async (setup) => {
    try {
      return await kernels(setup);
    } catch (error) {
      if (!(error instanceof TablesTooLargeError)) throw error;
      onFallback?.(`${error.message}; TensorFlow.js trains instead, on one thread`);
      return tfjs(setup);
    }
  };
  return { name: 'kernels', threads, create };
}
