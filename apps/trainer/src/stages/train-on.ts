import {
  type AgeReport,
  type CandidateEngineFactory,
  trainCandidateModel,
  type WarmStartReport,
} from '@watchnext/candidate-model';
import { onnxTowerRunner } from '@watchnext/inference';
import type { TrainingCheckpoints } from '@watchnext/learning';
import { type RankingEngineFactory, type RankingWarmStart, trainRankingModel } from '@watchnext/ranking-model';
import { defineStage } from '../pipeline/stage';
import { indexOf, type IndexSettings } from './build-index';
import { type TrainingNews, trainingDetail } from '../progress/training-detail';
import { candidatesBeganWith, oddAges } from './train-candidates';
import { beganWith } from './train-ranking';

/**
 * What passed the gate is trained through the held-out days, with the same hyperparameters, on everything. A warm start
 * begins candidates with the evaluated model, for half the epochs (docs/decisions/0061), and ranking with the evaluated one,
 * for its `warmEpochs` (docs/decisions/0125). A rejected pair goes on as it is: it is kept to be looked at, not to be served.
 */
export const trainOnStage = (
  engines: { readonly candidate: CandidateEngineFactory; readonly ranking: RankingEngineFactory },
  seed: number,
  indexSettings: IndexSettings,
  checkpoints?: TrainingCheckpoints,
  warm: { readonly candidates: boolean; readonly ranking: boolean } = { candidates: false, ranking: false },
) =>
  defineStage({
    name: 'train through the held-out days',
    needs: ['replayed', 'split', 'candidateModel', 'candidateConfig', 'rankingModel', 'index', 'gate'],
    gives: ['finalModels'],
    async run(input, { progress, signal, note }) {
      const { replayed, split, candidateModel, candidateConfig, rankingModel, index, gate } = input;
      if (!gate.passed) {
        note({ origin: 'evaluated' });
        return { finalModels: { candidate: candidateModel, ranking: rankingModel, index, origin: 'evaluated' } };
      }
      let passedOver = 0;
      let last: [done: number, passedOver: number] = [0, 0];
      const report =
        (model: string, part: number) =>
        (news: TrainingNews & { step: number; stepCount: number; passedOver: number }) => {
          const thousandths = (steps: number) => Math.round((1_000 * steps) / news.stepCount);
          if (part === 0) passedOver = thousandths(news.passedOver);
          last = [part * 1_000 + thousandths(news.step), passedOver + (part === 0 ? 0 : thousandths(news.passedOver))];
          progress.report(last[0], 2_000, `${model} ${trainingDetail(news)}`, last[1]);
        };
      let candidateStart: WarmStartReport | undefined;
      let ages: AgeReport | undefined;
      const candidate = await trainCandidateModel({
        examples: split.candidateThrough,
        config: warm.candidates
          ? { ...candidateConfig, epochCount: Math.ceil(candidateConfig.epochCount / 2) }
          : candidateConfig,
        ...(warm.candidates ? { warmStart: candidateModel } : {}),
        onWarmStart: (start) => (candidateStart = start),
        onOddAges: (report) => (ages = report),
        windowEndMs: split.endMs,
        createEngine: engines.candidate,
        seed,
        checkpoints,
        signal,
        onProgress: report('candidate', 0),
        onOtherWork: (work) => progress.report(last[0], 2_000, `candidate ${work}`, last[1]),
      });
      let rankingStart: RankingWarmStart | undefined;
      const ranking = await trainRankingModel({
        examples: split.rankingThrough,
        statisticsAt: (atMs) => replayed.statistics.asOf(atMs),
        config: rankingModel.config,
        // The held-out days are new to the evaluated model: one that begins with it is calibrated by them.
        ...(warm.ranking
          ? { warmStart: { model: rankingModel, untilMs: split.evaluatedFromMs } }
          : { calibration: rankingModel.calibration }),
        onWarmStart: (start) => (rankingStart = start),
        createEngine: engines.ranking,
        createRunner: onnxTowerRunner,
        seed,
        checkpoints,
        signal,
        onProgress: report('ranking', 1),
        onOtherWork: (work) => progress.report(last[0], 2_000, `ranking ${work}`, last[1]),
      });
      const reportIndex = (done: number, total: number) => progress.report(done, total, 'index');
      const finalIndex = await indexOf(candidate, split.candidateHeldOut, indexSettings, reportIndex, signal);
      await index?.release();
      note({
        origin: 'fresh',
        ...(ages ? { ages: oddAges(ages) } : {}),
        candidatesBeganWith: warm.candidates ? candidatesBeganWith('the evaluated model', candidateStart) : 'nothing',
        rankingBeganWith: warm.ranking ? beganWith('the evaluated model', rankingStart) : 'nothing',
        videos: candidate.videoIds.length,
        indexRecall: finalIndex?.parameters.recallAt100,
      });
      return { finalModels: { candidate, ranking, index: finalIndex, origin: 'fresh' } };
    },
  });
