import { selectBackend, type TrainingEngines, trainingEnginesOn } from '@watchnext/tensor';

/** What the trainer would use on this machine. */
export async function trainingEngines(threads: number): Promise<TrainingEngines> {
  return trainingEnginesOn(await selectBackend(), { threads, onFallback: (reason) => console.error(reason) });
}
