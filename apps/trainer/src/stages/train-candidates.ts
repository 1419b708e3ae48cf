import {
  type CandidateEngineFactory,
  type CandidateModel,
  type CandidateModelConfig,
  defaultCandidateConfig,
  trainCandidateModel,
} from '@watchnext/candidate-model';
import { setUsersAside } from '../evaluation/validation-users';
import { defineStage } from '../pipeline/stage';

/**
 * Below this a second trial costs seconds; from it on the default encoder has data enough to be the better one, and the
 * recall of epochs is known well enough to stop at the first that does not raise it.
 */
const LARGE_EXAMPLES = 100_000;

/** The last watch as an input of its own must earn its place: a gain below this share of the recall may be chance. */
const LEAST_GAIN_SHARE = 0.05;

/** A trained model, and the settings to train it again with: as many epochs as were good for it. */
interface Trial {
  readonly model: CandidateModel;
  readonly config: CandidateModelConfig;
  readonly recall: number;
}

/**
 * Trains candidate generation on the watches before the held-out days.
 *
 * How many epochs are right depends on the data more than on its size: in a simulated world of 12 thousand watches
 * recall@100 peaked at 0.28 after 2 epochs and fell to 0.22 by 20. So some users are set aside, and the epoch that
 * predicts them best is kept. Where the last watch matters little, the paper's plain mean does better yet (0.31 there
 * where the other encoder reached 0.28; the reverse on other data): with little data both are tried.
 */
export const trainCandidatesStage = (createEngine: CandidateEngineFactory, seed: number) =>
  defineStage({
    name: 'train candidate model',
    needs: ['split'],
    gives: ['candidateModel', 'candidateConfig'],
    async run({ split }, { progress, signal, random, note }) {
      const { training, validation } = setUsersAside(split.candidateTraining, random.fork('validation users'));
      const videoCount = new Set(training.map((example) => example.labelVideoId)).size;
      const config = defaultCandidateConfig({ videoCount, exampleCount: training.length });
      const configs = trialConfigs(config, training.length, validation.length > 0);
      let best: Trial | undefined;
      const tried: Record<string, string> = {};
      for (const [number, trialConfig] of configs.entries()) {
        let recall = NaN;
        let epochCount = trialConfig.epochCount;
        const model = await trainCandidateModel({
          examples: training,
          validationExamples: validation,
          config: trialConfig,
          windowEndMs: split.evaluatedFromMs,
          createEngine,
          seed,
          signal,
          onProgress({ epoch, step, stepCount, loss, validationRecall }) {
            if (validationRecall !== undefined && !(validationRecall <= recall)) {
              recall = validationRecall;
              epochCount = epoch;
            }
            const detail = Number.isFinite(loss) ? `loss ${loss.toFixed(3)}, epoch ${epoch}` : `epoch ${epoch}`;
            progress.report(number * stepCount + step, configs.length * stepCount, detail);
          },
        });
        tried[trialConfig.historyEncoder] = `recall ${recall.toFixed(4)} after ${epochCount} epochs`;
        if (!best || recall > best.recall * (1 + LEAST_GAIN_SHARE))
          best = { model, config: { ...trialConfig, epochCount }, recall };
      }
      const { model, config: candidateConfig } = best as Trial;
      note({
        videos: model.videoIds.length,
        validationExamples: validation.length,
        tried,
        chosen: candidateConfig.historyEncoder,
      });
      return { candidateModel: model, candidateConfig };
    },
  });

function trialConfigs(config: CandidateModelConfig, exampleCount: number, canCompare: boolean): CandidateModelConfig[] {
  if (exampleCount >= LARGE_EXAMPLES) return [{ ...config, patienceEpochs: 1 }];
  if (!canCompare) return [config];
  return (['mean', 'mean-and-last'] as const).map((historyEncoder) => ({ ...config, historyEncoder }));
}
