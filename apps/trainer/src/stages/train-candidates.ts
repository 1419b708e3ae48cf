import {
  type AgeReport,
  candidateForms,
  type CandidateEngineFactory,
  selectCandidateModel,
  type WarmStartReport,
} from '@watchnext/candidate-model';
import { onnxTowerRunner } from '@watchnext/inference';
import type { TrainingCheckpoints } from '@watchnext/learning';
import type { SnapshotStore } from '@watchnext/snapshot-store';
import { type CandidateChange, changedForms } from '../candidate-settings';
import { setUsersAside } from '../evaluation/validation-users';
import { defineStage } from '../pipeline/stage';
import { StepsWorkedOn, trainingDetail } from '../progress/training-detail';
import { earlierModel } from './earlier-model';

export interface CandidateStageOptions {
  /** Of the forms that are tried. */
  readonly change?: CandidateChange;
  readonly checkpoints?: TrainingCheckpoints;
  /** Begins with the model of a snapshot that has not seen the held-out days, where there is one: see `earlierModel`. */
  readonly warmStartFrom?: SnapshotStore;
}

/**
 * Trains candidate generation on the watches before the held-out days.
 *
 * How many epochs are right depends on the data more than on its size: in a simulated world of 12 thousand watches
 * recall@100 peaked at 0.28 after 2 epochs and fell to 0.22 by 20. So some users are set aside, and the epoch that
 * predicts them best is kept; as many as are right for most logs, of the preferred form, learned from everyone, where their watches cannot tell. Where the last watch matters little, the paper's plain mean does better yet (0.31 there
 * where the other encoder reached 0.28; the reverse on other data): with little data both are tried.
 */
export const trainCandidatesStage = (
  createEngine: CandidateEngineFactory,
  seed: number,
  { change = {}, checkpoints, warmStartFrom }: CandidateStageOptions = {},
) =>
  defineStage({
    name: 'train candidate model',
    needs: ['split'],
    gives: ['candidateModel', 'candidateConfig', 'candidateLearnedFrom'],
    async run({ split }, { progress, signal, random, note }) {
      const earlier = warmStartFrom && (await earlierModel(warmStartFrom, split.evaluatedFromMs));
      const { training, validation } = setUsersAside(
        split.candidateTraining,
        random.fork('validation users'),
        earlier?.candidate?.untilMs,
      );
      const worked = new StepsWorkedOn();
      let last: [done: number, total: number, passedOver: number] = [0, 1, 0];
      let ages: AgeReport | undefined;
      const windowEndMs = split.evaluatedFromMs;
      const { trials, chosenByExampleCount } = await selectCandidateModel({
        examples: training,
        validationExamples: validation,
        unchosen: { examples: split.candidateTraining, windowEndMs },
        forms: (size) => changedForms(candidateForms(size), change),
        windowEndMs,
        createEngine,
        createRunner: onnxTowerRunner,
        seed,
        checkpoints,
        ...(earlier?.candidate ? { warmStart: earlier.candidate.model } : {}),
        signal,
        onOddAges: (report) => (ages = report),
        onProgress(news, number, trialCount) {
          const { epoch, step, stepCount } = news;
          const detail = trainingDetail(news, [`epoch ${epoch}`]);
          last = [number * stepCount + step, trialCount * stepCount, worked.passedOver(number, news)];
          progress.report(last[0], last[1], detail, last[2]);
        },
        onOtherWork: (work) => progress.report(last[0], last[1], work, last[2]),
      });
      const [{ model, config: candidateConfig, warmStart }] = trials;
      const tried = trials.map((trial) => [
        trial.config.historyEncoder,
        `recall ${trial.recall.toFixed(4)} after ${trial.config.epochCount} epochs`,
      ]);
      note({
        videos: model.videoIds.length,
        validationExamples: chosenByExampleCount,
        tried: Object.fromEntries(tried),
        chosen: candidateConfig.historyEncoder,
        ...(ages ? { ages: oddAges(ages) } : {}),
        ...(earlier ? { beganWith: candidatesBeganWith(earlier.origin, warmStart) } : {}),
      });
      return {
        candidateModel: model,
        candidateConfig,
        candidateLearnedFrom: chosenByExampleCount > 0 ? training : split.candidateTraining,
      };
    },
  });

/**
 * For the log: what a training took of an earlier model, which may be nothing where dimensions or layers have changed.
 * @param origin of the earlier model, or why there is none
 */
export function candidatesBeganWith(origin: string, taken: WarmStartReport | undefined): string {
  if (!taken) return `nothing: ${origin}`;
  if (taken.copiedRows === 0 && !taken.towerCopied) return `nothing: no table and no layer is as in ${origin}`;
  const tower = taken.towerCopied ? 'tower kept' : 'tower anew';
  return `${origin}: ${taken.copiedVideos} videos kept, ${taken.newVideos} new, ${tower}`;
}

/** For the log: what of the examples' ages is not as it should be. */
export function oddAges({ days, beyondCount, oldestDays, leastDays }: AgeReport): string {
  const beyond = `the window is ${days.toFixed(1)} days; ${beyondCount} examples are older, up to ${oldestDays.toFixed(0)} days`;
  const asked = `hardly a watch is younger than ${leastDays?.toFixed(1)} days: candidates are asked for as of then`;
  return [...(beyondCount > 0 ? [beyond] : []), ...(leastDays === undefined ? [] : [asked])].join('; ');
}
