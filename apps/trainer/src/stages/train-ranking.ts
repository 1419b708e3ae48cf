import { onnxTowerRunner } from '@watchnext/inference';
import {
  defaultRankingConfig,
  type RankingEngineFactory,
  type RankingWarmStart,
  trainRankingModel,
} from '@watchnext/ranking-model';
import type { TrainingCheckpoints } from '@watchnext/learning';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { defineStage } from '../pipeline/stage';
import { trainingDetail } from '../progress/training-detail';
import type { RankingChange } from '../ranking-settings';
import { earlierModel } from './earlier-model';

export interface RankingStageOptions {
  /** Of the defaults for the size of the data. */
  readonly change?: RankingChange;
  readonly checkpoints?: TrainingCheckpoints;
  /** Begins with the model of a snapshot that has not seen the held-out days, where there is one: see `earlierModel`. */
  readonly warmStartFrom?: SnapshotStore;
}

/**
 * Trains ranking on the impressions before the held-out days. Each sees the counts of all whole days before its own: see `DailyCounts`.
 */
export const trainRankingStage = (
  createEngine: RankingEngineFactory,
  seed: number,
  { change = {}, checkpoints, warmStartFrom }: RankingStageOptions = {},
) =>
  defineStage({
    name: 'train ranking model',
    needs: ['replayed', 'split'],
    gives: ['rankingModel'],
    async run({ replayed, split }, { progress, signal, note }) {
      const examples = split.rankingTraining;
      const videoCount = new Set(examples.map((example) => example.video.videoId)).size;
      const earlier = warmStartFrom && (await earlierModel(warmStartFrom, split.evaluatedFromMs));
      let start: RankingWarmStart | undefined;
      let lossAtEnd = NaN;
      let last = { step: 0, stepCount: 1, passedOver: 0 };
      const rankingModel = await trainRankingModel({
        examples,
        statisticsAt: (atMs) => replayed.statistics.asOf(atMs),
        config: { ...defaultRankingConfig({ exampleCount: examples.length, videoCount }), ...change },
        createEngine,
        createRunner: onnxTowerRunner,
        seed,
        checkpoints,
        ...(earlier?.ranking ? { warmStart: earlier.ranking } : {}),
        onWarmStart: (report) => (start = report),
        signal,
        onProgress(news) {
          lossAtEnd = news.loss;
          last = news;
          progress.report(news.step, news.stepCount, trainingDetail(news), news.passedOver);
        },
        onOtherWork: (work) => progress.report(last.step, last.stepCount, work, last.passedOver),
      });
      note({
        videos: videoCount,
        inputSize: rankingModel.inputSize,
        loss: lossAtEnd,
        ...(earlier ? { beganWith: beganWith(earlier.origin, start) } : {}),
      });
      return { rankingModel };
    },
  });

/**
 * For the log: what a training began with, and why not with the earlier model.
 * @param origin of the earlier model, or why there is none
 */
export function beganWith(origin: string, start: RankingWarmStart | undefined): string {
  if (!start) return `nothing: ${origin}`;
  if (start.began === 'cold') return `nothing: ${start.reason} (${origin})`;
  return `${origin}: ${start.copiedVideos} videos kept, ${start.newVideos} new`;
}
