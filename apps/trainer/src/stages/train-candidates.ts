import {
  type CandidateEngineFactory,
  defaultCandidateConfig,
  trainCandidateModel,
} from '@watchnext/candidate-model';
import { defineStage } from '../pipeline/stage';

/** Trains candidate generation on the watches before the held-out days. */
export const trainCandidatesStage = (createEngine: CandidateEngineFactory, seed: number) =>
  defineStage({
    name: 'train candidate model',
    needs: ['split'],
    gives: ['candidateModel'],
    async run({ split }, { progress, signal, note }) {
      const examples = split.candidateTraining;
      const videoCount = new Set(examples.map((example) => example.labelVideoId)).size;
      const config = defaultCandidateConfig({ videoCount, exampleCount: examples.length });
      let lossAtEnd = NaN;
      const candidateModel = await trainCandidateModel({
        examples: [...examples],
        config,
        windowEndMs: split.evaluatedFromMs,
        createEngine,
        seed,
        signal,
        onProgress({ step, stepCount, loss }) {
          lossAtEnd = loss;
          progress.report(step, stepCount, `loss ${loss.toFixed(3)}`);
        },
      });
      note({ videos: candidateModel.videoIds.length, loss: lossAtEnd });
      return { candidateModel };
    },
  });
