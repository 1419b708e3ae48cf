/** A small training, and an engine that says what it is asked, for specs of what surrounds the steps. */
import { DAY_MS } from '@watchnext/features';
import type { DenseStack } from '@watchnext/learning';
import { defaultCandidateConfig, type CandidateModelConfig } from '../src/config';
import type { CandidateBatch, CandidateEngineFactory, CandidateEngineSetup } from '../src/engine';
import { examplesOfWatches } from './builders';

const VIDEOS = Array.from({ length: 30 }, (_, i) => `v${i}`);
export const EXAMPLES = Array.from({ length: 12 }, (_, user) =>
  examplesOfWatches(`u${user}`, VIDEOS.slice(user, user + 15), user * DAY_MS),
).flat();
export const WINDOW_END_MS = 20 * DAY_MS;
export const CONFIG: CandidateModelConfig = {
  ...defaultCandidateConfig({ videoCount: 30, exampleCount: EXAMPLES.length }),
  dimensions: 4,
  exampleAgeKnots: 2,
  hiddenSizes: [],
  epochCount: 3,
  batchSize: 32,
  negativeCount: 6,
  examplesPerUserPerEpoch: 10,
  patienceEpochs: 2,
};

/** An engine that computes nothing: it records its batches and does what the spec says. */
export function scripted(onStep: (step: number, setup: CandidateEngineSetup) => number | Promise<number> = () => 1) {
  const batches: CandidateBatch[] = [];
  const record = { batches, closed: 0, tower: undefined as DenseStack | undefined };
  const createEngine: CandidateEngineFactory = async (setup) => {
    record.tower = setup.tower;
    return {
      step: async (batch) => onStep(batches.push(batch), setup),
      gradients: () => Promise.reject(new Error('training does not ask for gradients')),
      readOptimizers: () => Promise.reject(new Error('there is nothing to go on from')),
      read: async () => setup.tower,
      close: async () => void record.closed++,
    };
  };
  return { record, createEngine };
}

export const base = { examples: EXAMPLES, config: CONFIG, windowEndMs: WINDOW_END_MS, seed: 1 };
