import type { CandidateEngineFactory } from '@watchnext/candidate-model';
import type { RankingEngineFactory } from '@watchnext/ranking-model';
import type { TensorBackend } from './backend';
import { tfjsCandidateEngine } from './candidate-engine';
import { TablesTooLargeError } from './kernels/arena';
import { tfjsRankingEngine } from './ranking-engine';
import { wasmCandidateEngine } from './wasm-candidate-engine';
import { wasmRankingEngine } from './wasm-ranking-engine';

export interface TrainingEngineOptions {
  /** For our own kernels; TensorFlow's native backends have threads of their own. */
  readonly threads: number;
  /** Told when another engine than the chosen one is used, and why. */
  readonly onFallback?: (reason: string) => void;
}

export interface TrainingEngines {
  /** "kernels": our own in WebAssembly; "tensorflow.js": on the backend. */
  readonly name: 'kernels' | 'tensorflow.js';
  readonly threads: number;
  readonly candidate: CandidateEngineFactory;
  readonly ranking: RankingEngineFactory;
}

/** What trains both models on a backend: our own kernels where TensorFlow.js would compute in WebAssembly, else TensorFlow.js. */
export function trainingEnginesOn(backend: TensorBackend, options: TrainingEngineOptions): TrainingEngines {
  const tfjs = { candidate: tfjsCandidateEngine(backend), ranking: tfjsRankingEngine(backend) };
  if (backend.name !== 'wasm') return { name: 'tensorflow.js', threads: 1, ...tfjs };
  const { threads, onFallback } = options;
  const fallBack = (error: unknown) => {
    if (!(error instanceof TablesTooLargeError)) throw error;
    onFallback?.(`${error.message}; TensorFlow.js trains instead, on one thread`);
  };
  return {
    name: 'kernels',
    threads,
    candidate: orElse(wasmCandidateEngine({ threads }), tfjs.candidate, fallBack),
    ranking: orElse(wasmRankingEngine({ threads }), tfjs.ranking, fallBack),
  };
}

type Factory<Setup, Engine> = (setup: Setup) => Engine | Promise<Engine>;

/** @param onError throws what is no reason for the second */
function orElse<Setup, Engine>(
  first: Factory<Setup, Engine>,
  second: Factory<Setup, Engine>,
  onError: (error: unknown) => void,
): (setup: Setup) => Promise<Engine> {
  return async (setup) => {
    try {
      return await first(setup);
    } catch (error) {
      onError(error);
      return second(setup);
    }
  };
}
