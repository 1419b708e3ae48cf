import type { CandidateEngineFactory } from '@watchnext/candidate-model';
import type { RankingEngineFactory, RankingNetwork } from '@watchnext/ranking-model';
import type { TensorBackend } from './backend';
import { tfjsCandidateEngine } from './candidate-engine';
import { TablesTooLargeError } from './kernels/arena';
import { type KernelPreference, kernelModule, nameOfKernels } from './kernels/load-kernels';
import { tfjsRankingEngine } from './ranking-engine';
import { wasmCandidateEngine } from './wasm-candidate-engine';
import { wasmRankingEngine } from './wasm-ranking-engine';

export interface TrainingEngineOptions {
  /** For our own kernels; TensorFlow's native backends have threads of their own. */
  readonly threads: number;
  /** Which of our own kernels; default: the fastest that run. */
  readonly kernels?: KernelPreference;
  /** Told when another engine, or slower kernels, than the best are used, and why. */
  readonly onFallback?: (reason: string) => void;
}

export interface TrainingEngines {
  /** "kernels": our own; "tensorflow.js": on the backend. */
  readonly name: 'kernels' | 'tensorflow.js';
  /** Of our own kernels which, as "native avx512". */
  readonly kernels?: string;
  readonly threads: number;
  readonly candidate: CandidateEngineFactory;
  readonly ranking: RankingEngineFactory;
}

/**
 * What trains both models on a backend: our own kernels where TensorFlow.js would compute in WebAssembly, else TensorFlow.js.
 *
 * @throws NativeKernelsUnavailableError when asked for native ones
 */
export function trainingEnginesOn(backend: TensorBackend, options: TrainingEngineOptions): TrainingEngines {
  const tfjs = { candidate: tfjsCandidateEngine(backend), ranking: tfjsRankingEngine(backend) };
  if (backend.name !== 'wasm') return { name: 'tensorflow.js', threads: 1, ...tfjs };
  const { threads, onFallback } = options;
  const kernels = kernelModule(options.kernels);
  if (kernels.withoutNative !== undefined) {
    onFallback?.(`${kernels.withoutNative}; training goes on in WebAssembly, which is slower`);
  }
  const fallBack = (error: unknown) => {
    if (!(error instanceof TablesTooLargeError)) throw error;
    onFallback?.(`${error.message}; TensorFlow.js trains instead, on one thread`);
  };
  return {
    name: 'kernels',
    kernels: nameOfKernels(kernels),
    threads,
    candidate: orElse(wasmCandidateEngine({ threads, kernels }), tfjs.candidate, fallBack),
    ranking: orElse(
      (network) => wasmRankingEngine({ threads: threadsFor(network, threads), kernels })(network),
      tfjs.ranking,
      fallBack,
    ),
  };
}

/** Products and sums of a step, forward, from which on threads gain more than they wait for each other. */
const LEAST_WORK_TO_SHARE = 5_000_000;

/**
 * The ranking step of small data, 128 rows through 64→32, takes 0.24 ms on one thread and 0.18 on two, for half as much processor time
 * again, and the first program that takes one of the cores turns that around; 512 rows through 128→64 take 2.1 and 1.6.
 */
function threadsFor({ batchSize, tower }: RankingNetwork, threads: number): number {
  const work = tower.reduce((sum, { inputSize, outputSize }) => sum + batchSize * inputSize * outputSize, 0);
  return work < LEAST_WORK_TO_SHARE ? 1 : threads;
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
