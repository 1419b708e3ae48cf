/**
 * From a split to trained models: forms chosen on the validation part, then trained again on everything before the test. Where that part
 * cannot tell, as when the trainer publishes, the preferred form is trained on everything at once.
 */
import {
  selectCandidateModel,
  trainCandidateModel,
  type CandidateEngineFactory,
  type CandidateModel,
  type CandidateTrainingProgress,
} from '@watchnext/candidate-model';
import type { CandidateExample } from '@watchnext/features';
import { onnxTowerRunner } from '@watchnext/inference';
import type { TrainingReport } from '../report';
import type { Form } from './forms';
import type { HeldOut, Split } from './protocol';

export interface FitOptions {
  readonly createEngine: CandidateEngineFactory;
  readonly seed: number;
  /** Whether lists may hold what was watched. */
  readonly rewatches: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number, detail: string) => void;
}

export interface Fitted {
  readonly model: CandidateModel;
  /** t_max: the time of the newest example that the model was trained on. */
  readonly windowEndMs: number;
  readonly report: TrainingReport;
}

/** @param part "validation": what was trained without the validation part, to choose settings by; "test": trained through it */
export async function fitForm(
  form: Form,
  split: Split,
  part: 'test' | 'validation',
  options: FitOptions,
): Promise<Fitted> {
  const { createEngine, seed, rewatches, signal } = options;
  const startedAt = performance.now();
  const { training, validation, validationExamples } = split;
  const windowEndMs = newest(training);
  const examples = [...training, ...validationExamples];
  const epochs: { epoch: number; loss: number; validationRecall?: number }[] = [];
  let [done, total] = [0, 1];
  const report = (trial: number, trialCount: number, { step, stepCount, loss, epoch }: CandidateTrainingProgress) => {
    [done, total] = [trial * stepCount + step, trialCount * stepCount];
    options.onProgress(done, total, `${form.name}, epoch ${epoch}, loss ${loss?.toFixed(3)}`);
  };
  const onOtherWork = (work: string) => options.onProgress(done, total, `${form.name}, ${work}`);
  const { trials, chosenByExampleCount } = await selectCandidateModel({
    examples: training,
    validationExamples: validation.map(({ example }: HeldOut) => example),
    ...(part === 'test' ? { unchosen: { examples, windowEndMs: newest(examples) } } : {}),
    forms: form.configs,
    windowEndMs,
    createEngine,
    createRunner: onnxTowerRunner,
    seed,
    rewatches,
    signal,
    onOtherWork,
    onProgress(progress, trial, trialCount, isUnchosen) {
      const { epoch, loss, validationRecall } = progress;
      // The last report of an epoch is of all of it.
      if (epochs.at(-1)?.epoch === epoch && epochs.at(-1)?.validationRecall === undefined) epochs.pop();
      if (loss !== undefined)
        epochs.push({ epoch, loss, ...(validationRecall === undefined ? {} : { validationRecall }) });
      // What was chosen is trained once more.
      report(trial, trialCount + (part === 'test' && !isUnchosen ? 1 : 0), progress);
    },
  });
  const [{ model, config }] = trials;
  const finish = (fitted: CandidateModel, endMs: number): Fitted => ({
    model: fitted,
    windowEndMs: endMs,
    report: {
      seed,
      config,
      tried: trials.map((trial) => ({
        historyEncoder: trial.config.historyEncoder,
        epochs: trial.config.epochCount,
        validationRecall: trial.recall,
      })),
      seconds: (performance.now() - startedAt) / 1_000,
      epochs,
    },
  });
  if (part === 'validation') return finish(model, windowEndMs);
  // What nothing was chosen for has learned from all of it already.
  if (chosenByExampleCount === 0) return finish(model, newest(examples));
  const final = await trainCandidateModel({
    examples,
    config,
    windowEndMs: newest(examples),
    createEngine,
    seed,
    rewatches,
    signal,
    onOtherWork,
    onProgress: (progress) => report(trials.length, trials.length + 1, progress),
  });
  return finish(final, newest(examples));
}

function newest(examples: readonly CandidateExample[]): number {
  return examples.reduce((latest, { labelAtMs }) => Math.max(latest, labelAtMs), 0);
}
