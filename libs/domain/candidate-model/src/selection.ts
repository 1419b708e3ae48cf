import type { CandidateExample } from '@watchnext/features';
import { type CandidateModelConfig, type DataSize, dataSizeOf } from './config';
import type { CandidateModel } from './model';
import { askedOf, learnedOf } from './rewatches';
import { hasEnoughHits, examplesToChooseBy } from './sample-size';
import { trainCandidateModel } from './training';
import type { CandidateTrainingOptions, CandidateTrainingProgress } from './training-options';
import { askedExamples, validationCutoff, validationRecall } from './validation';
import type { WarmStartReport } from './warm-start';

export interface CandidateSelectionOptions extends Omit<
  CandidateTrainingOptions,
  'config' | 'onProgress' | 'onWarmStart'
> {
  /** To be tried on so much data, the preferred one first. */
  readonly forms: (size: DataSize) => readonly CandidateModelConfig[];
  /** What is trained on where validation may not choose, for then nothing need be kept from training; by default, the same. */
  readonly unchosen?: Pick<CandidateTrainingOptions, 'examples' | 'windowEndMs'>;
  /** @param trial from 0. @param trialCount as far as is known. @param isUnchosen whether it is the training on `unchosen` */
  readonly onProgress?: (
    progress: CandidateTrainingProgress,
    trial: number,
    trialCount: number,
    isUnchosen: boolean,
  ) => void;
}

/** A trained model, and the settings to train it again with: as many epochs as were good for it. */
export interface CandidateTrial {
  readonly model: CandidateModel;
  readonly config: CandidateModelConfig;
  /** On the validation examples; NaN without any. */
  readonly recall: number;
  /** What of the earlier model it began with, where there was one. */
  readonly warmStart?: WarmStartReport;
}

export interface CandidateSelection {
  /** The one kept first, then the others. */
  readonly trials: readonly CandidateTrial[];
  /** Of how many examples the recalls are that it was chosen by; 0 where it was not chosen by any, and trained on `unchosen`. */
  readonly chosenByExampleCount: number;
}

/**
 * Trains each form and keeps the one that recalls the validation examples best (`foundBy`); where these cannot tell (sample-size.ts), the preferred
 * one, for as many epochs as are right for most logs of that size.
 */
export async function selectCandidateModel(options: CandidateSelectionOptions): Promise<CandidateSelection> {
  const { forms, unchosen = options, onProgress, ...training } = options;
  const { rewatches } = options;
  const asked = askedOf(training.validationExamples ?? [], rewatches);
  const validationExamples = examplesToChooseBy(training.examples, asked);
  const sizeOf = (examples: readonly CandidateExample[]) => dataSizeOf(learnedOf(examples, rewatches));
  const tried: Tried[] = [];
  if (validationExamples.length > 0) {
    const configs = forms({ ...sizeOf(training.examples), validated: true });
    const choice = { ...training, validationExamples };
    for (const [number, config] of configs.entries()) {
      const report = (progress: CandidateTrainingProgress) => onProgress?.(progress, number, configs.length, false);
      const one = await tryForm({ ...training, validationExamples, config }, report);
      if (number > 0 && (await foundBy(one.trial, choice)) > (await foundBy(tried[0].trial, choice)))
        tried.unshift(one);
      else tried.push(one);
    }
  }
  const trials = tried.map(({ trial }) => trial);
  if (tried.at(0)?.hasEnoughHits) return { trials, chosenByExampleCount: validationExamples.length };
  const { examples, windowEndMs } = unchosen;
  const [config] = forms({ ...sizeOf(examples), validated: false });
  const { trial } = await tryForm({ ...training, examples, windowEndMs, validationExamples: [], config }, (progress) =>
    onProgress?.(progress, trials.length, trials.length + 1, true),
  );
  return { trials: [trial, ...trials], chosenByExampleCount: 0 };
}

/**
 * What a form is chosen by: its recall and that at a tenth of the places. By the first alone a form could be chosen that finds as much,
 * but further down.
 */
async function foundBy(
  { model, recall }: CandidateTrial,
  { validationExamples, windowEndMs, createRunner }: Choice,
): Promise<number> {
  const asked = askedExamples(model, validationExamples);
  const nearCutoff = Math.ceil(validationCutoff(model.videoIds.length) / 10);
  return recall + (await validationRecall(model, asked, windowEndMs, nearCutoff, createRunner));
}

interface Choice extends Pick<CandidateTrainingOptions, 'windowEndMs' | 'createRunner'> {
  readonly validationExamples: readonly CandidateExample[];
}

interface Tried {
  readonly trial: CandidateTrial;
  /**
   * Whether its recall is of hits enough, were all asked: a set that was thinned to save time must not cost a second training. What its
   * few hits leave to chance is less than training blindly does, for each epoch is asked about the same.
   */
  readonly hasEnoughHits: boolean;
}

async function tryForm(
  options: CandidateTrainingOptions,
  onProgress: (progress: CandidateTrainingProgress) => void,
): Promise<Tried> {
  const { config } = options;
  let [recall, epochCount] = [NaN, config.epochCount];
  let warmStart: WarmStartReport | undefined;
  const model = await trainCandidateModel({
    ...options,
    onWarmStart: (report) => (warmStart = report),
    onProgress(progress) {
      const { validationRecall, epoch } = progress;
      if (validationRecall !== undefined && !(validationRecall <= recall)) {
        recall = validationRecall;
        epochCount = epoch;
      }
      onProgress(progress);
    },
  });
  const trial = { model, config: { ...config, epochCount }, recall, ...(warmStart ? { warmStart } : {}) };
  return { trial, hasEnoughHits: hasEnoughHits(recall, options.validationExamples?.length ?? 0) };
}
