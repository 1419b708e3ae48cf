import type { CandidateModelConfig } from './config';
import type { CandidateModel } from './model';
import { trainCandidateModel } from './training';
import type { CandidateTrainingOptions, CandidateTrainingProgress } from './training-options';
import type { WarmStartReport } from './warm-start';

export interface CandidateSelectionOptions extends Omit<
  CandidateTrainingOptions,
  'config' | 'onProgress' | 'onWarmStart'
> {
  /** To be tried, the preferred one first. */
  readonly configs: readonly CandidateModelConfig[];
  /** @param trial from 0 */
  readonly onProgress?: (progress: CandidateTrainingProgress, trial: number) => void;
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

/** Another form than the preferred one must be better by this share of the recall: less may be chance. */
const LEAST_GAIN_SHARE = 0.05;

/** Trains each form and keeps the one that recalls the validation examples best. @returns the one kept first, then the others */
export async function selectCandidateModel(options: CandidateSelectionOptions): Promise<CandidateTrial[]> {
  const trials: CandidateTrial[] = [];
  for (const [number, config] of options.configs.entries()) {
    let recall = NaN;
    let epochCount = config.epochCount;
    let start: WarmStartReport | undefined;
    const model = await trainCandidateModel({
      ...options,
      config,
      onWarmStart: (report) => (start = report),
      onProgress(progress) {
        const { validationRecall, epoch } = progress;
        if (validationRecall !== undefined && !(validationRecall <= recall)) {
          recall = validationRecall;
          epochCount = epoch;
        }
        options.onProgress?.(progress, number);
      },
    });
    const trial: CandidateTrial = {
      model,
      config: { ...config, epochCount },
      recall,
      ...(start ? { warmStart: start } : {}),
    };
    if (number > 0 && recall > trials[0].recall * (1 + LEAST_GAIN_SHARE)) trials.unshift(trial);
    else trials.push(trial);
  }
  return trials;
}
