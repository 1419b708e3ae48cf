import type { CandidateEngineFactory } from '@watchnext/candidate-model';
import { candidateEngineOn, type TensorBackend } from '@watchnext/tensor';

/** What the trainer would use on this backend. */
export function candidateEngine(backend: TensorBackend, threads: number): CandidateEngineFactory {
  return candidateEngineOn(backend, { threads, onFallback: (reason) => console.error(reason) }).create;
}
