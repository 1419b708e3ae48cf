import type { CandidateExample } from '@watchnext/features';
import type { TowerRunnerFactory, TrainingCheckpoints } from '@watchnext/learning';
import type { AgeReport } from './age-window';
import type { CandidateModelConfig } from './config';
import type { CandidateEngineFactory } from './engine';
import type { CandidateModel } from './model';
import type { WarmStartReport } from './warm-start';

export interface CandidateTrainingOptions {
  readonly examples: readonly CandidateExample[];
  readonly config: CandidateModelConfig;
  /** End of the training window, t_max of the example age: no label may be later. */
  readonly windowEndMs: number;
  readonly createEngine: CandidateEngineFactory;
  /** What scores a large catalogue for validation. */
  readonly createRunner?: TowerRunnerFactory;
  /** The same seed, data, settings and engine give the same model, byte for byte. */
  readonly seed: number;
  /** With these, the weights of the epoch with the best recall are kept, and training stops once it no longer rises, if it is of hits enough. */
  readonly validationExamples?: readonly CandidateExample[];
  /**
   * Where the weights begin, as far as they are of the same ids and shapes; the others, and all without it, as the settings say. Vectors
   * of new videos beside earlier ones begin at random, for those of co-watches have dimensions of another meaning.
   */
  readonly warmStart?: CandidateModel;
  /** Called once, where there is a `warmStart`: what of it was taken. */
  readonly onWarmStart?: (report: WarmStartReport) => void;
  /** Called once, where a few examples are far older than all others, or where none is of the end of the window. */
  readonly onOddAges?: (ages: AgeReport) => void;
  readonly onProgress?: (progress: CandidateTrainingProgress) => void;
  /** Called for what a training does before its first step, of a large log for minutes: "vectors of who watched what, 40%". */
  readonly onOtherWork?: (work: string) => void;
  /** Whether watches of what the history holds are learned and asked for too; default: only where there are no others (rewatches.ts). */
  readonly rewatches?: boolean;
  /** When aborted the training leaves its state there; the same training goes on from it another time, to the same model. */
  readonly checkpoints?: TrainingCheckpoints;
  readonly signal?: AbortSignal;
}

export interface CandidateTrainingProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochCount: number;
  /** Steps done, over all epochs. */
  readonly step: number;
  readonly stepCount: number;
  /** Of `step`, those that an earlier run did and this one passed over: they say nothing of how fast it goes. */
  readonly passedOver: number;
  /** Mean over the examples since the last report; at the end of an epoch, over those that this run did of it: absent where it did none. */
  readonly loss?: number;
  /** Over the same examples; validation is not counted. */
  readonly examplesPerSecond: number;
  /** At the end of an epoch, when there are validation examples. */
  readonly validationRecall?: number;
}
