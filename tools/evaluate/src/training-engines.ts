import { type TensorBackend, type TrainingEngines, trainingEnginesOn } from '@watchnext/tensor';

/** What the trainer would use on this backend. */
export function trainingEngines(backend: TensorBackend, threads: number): TrainingEngines {
  return trainingEnginesOn(backend, { threads, onFallback: (reason) => console.error(reason) });
}
