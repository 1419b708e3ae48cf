import {
  defaultRankingConfig,
  type RankingEngineFactory,
  type RankingModelConfig,
  trainRankingModel,
} from '@watchnext/ranking-model';
import type { TrainingCheckpoints } from '@watchnext/learning';
import { defineStage } from '../pipeline/stage';

/** Trains ranking on the impressions before the held-out days, statistics of videos as old as serving has them. */
export const trainRankingStage = (
  createEngine: RankingEngineFactory,
  seed: number,
  chosen: Pick<RankingModelConfig, 'objective' | 'precision'>,
  checkpoints?: TrainingCheckpoints,
) =>
  defineStage({
    name: 'train ranking model',
    needs: ['replayed', 'split'],
    gives: ['rankingModel'],
    async run({ replayed, split }, { progress, signal, note }) {
      const examples = split.rankingTraining;
      const videoCount = new Set(examples.map((example) => example.video.videoId)).size;
      let lossAtEnd = NaN;
      const rankingModel = await trainRankingModel({
        examples,
        statisticsAt: (atMs) => replayed.statistics.asOf(atMs),
        config: { ...defaultRankingConfig({ exampleCount: examples.length, videoCount }), ...chosen },
        createEngine,
        seed,
        checkpoints,
        signal,
        onProgress({ step, stepCount, loss }) {
          lossAtEnd = loss;
          progress.report(step, stepCount, `loss ${loss.toFixed(3)}`);
        },
      });
      note({ videos: videoCount, inputSize: rankingModel.inputSize, loss: lossAtEnd });
      return { rankingModel };
    },
  });
