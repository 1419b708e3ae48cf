import { defaultCandidateConfig, trainCandidateModel } from '@watchnext/candidate-model';
import { type CandidateExample, NO_CIRCUMSTANCES } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { evaluateCandidatesStage } from './evaluate-candidates';

const SPLIT_MS = Date.UTC(2026, 10, 5);
const signal = new AbortController().signal;

const watch = (userId: string, labelVideoId: string, labelAtMs: number): CandidateExample => ({
  userId,
  labelVideoId,
  labelAtMs,
  features: { watchedVideoIds: [], ...NO_CIRCUMSTANCES },
});
const watches = (userId: string, labelVideoId: string, count: number) =>
  Array.from({ length: count }, (_, n) => watch(userId, labelVideoId, SPLIT_MS - 60_000 * (n + 1)));

it('holds the model to a popularity that has counted what the model has learned from', async () => {
  const learnedFrom = [...watches('u', 'a', 3), ...watches('v', 'b', 2)];
  const aside = [...watches('w', 'b', 9), ...watches('w', 'c', 9)];
  const candidateModel = await trainCandidateModel({
    examples: learnedFrom,
    config: { ...defaultCandidateConfig({ videoCount: 2, exampleCount: 5 }), hiddenSizes: [], epochCount: 1 },
    windowEndMs: SPLIT_MS,
    seed: 1,
    createEngine: async ({ tower }) => ({
      step: async () => 1,
      gradients: () => Promise.reject(new Error('training does not ask for gradients')),
      readOptimizers: () => Promise.reject(new Error('there is nothing to go on from')),
      read: async () => tower,
      close: async () => undefined,
    }),
  });
  const { candidateEvaluation } = await evaluateCandidatesStage(10).run(
    {
      split: {
        evaluatedFromMs: SPLIT_MS,
        evaluatedToMs: SPLIT_MS + 10,
        candidateTraining: [...learnedFrom, ...aside],
        candidateHeldOut: [watch('x', 'a', SPLIT_MS), watch('y', 'b', SPLIT_MS), watch('z', 'c', SPLIT_MS)],
      },
      candidateModel,
      candidateLearnedFrom: learnedFrom,
      index: undefined,
    } as never,
    { progress: { report: () => undefined }, signal, random: createRandom(1), note: () => undefined },
  );
  const { metrics, popularityRecall } = candidateEvaluation;
  const recallOf = (k: number, scorer: string) =>
    metrics.find((row) => row.name === `candidates.recall@${k}` && row.scorer === scorer)!.value;
  for (const scorer of ['popularity', 'recent popularity']) {
    // First "a", then "b"; "c" neither it nor the model can know.
    expect([1, 2, 10].map((k) => recallOf(k, scorer))).toEqual([1 / 3, 2 / 3, 2 / 3]);
  }
  expect(popularityRecall).toBe(1 / 3);
  expect(recallOf(10, 'model')).toBe(2 / 3);
});
