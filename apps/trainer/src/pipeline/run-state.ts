import type { BuiltIndex } from '@watchnext/ann-index';
import type { CandidateModel, CandidateModelConfig } from '@watchnext/candidate-model';
import type { GateVerdict, SnapshotManifest } from '@watchnext/contract';
import type { CurrentMetrics, Gain, MetricTable, UserRatio } from '@watchnext/evaluation';
import type { CandidateExample, RankingExample } from '@watchnext/features';
import type { Catalogue, ReplayedLog } from '@watchnext/offline';
import type { HeldOutQuery } from '../evaluation/held-out-queries';
import type { RankingModel } from '@watchnext/ranking-model';

export type { Catalogue, CompletedWatch, ReplayedLog } from '@watchnext/offline';

/** Before and after one moment. */
export interface TimeSplit {
  readonly evaluatedFromMs: number;
  /**
   * Serving time of the newest held-out impression. Watches after it are not evaluated on: their impressions have no
   * outcome yet, and of the playbacks that still go on only the short videos' are complete.
   */
  readonly evaluatedToMs: number;
  /** The time of the log's newest example but for strays, whose times are another clock's: what is published takes it for now. */
  readonly endMs: number;
  /** How the moment was chosen, for people. */
  readonly rule: string;
  /** The newest of each user before the moment, at most as many as `mostOfEachUser` of them. */
  readonly candidateTraining: readonly CandidateExample[];
  /** The first of each user from the moment on, at most 100. */
  readonly candidateHeldOut: readonly CandidateExample[];
  /** The newest of each user, held out or not, at most as many as in `candidateTraining`: what is trained on once the gate has passed. None is of after `endMs`. */
  readonly candidateThrough: readonly CandidateExample[];
  /** The newest of each user before the moment, at most as many as `mostImpressionsOfEachUser` of them. */
  readonly rankingTraining: readonly RankingExample[];
  readonly rankingHeldOut: readonly RankingExample[];
  /** The same of `rankingTraining`, but strays have their times: ranking asks for no age of an example. */
  readonly rankingThrough: readonly RankingExample[];
}

export interface CandidateEvaluation {
  readonly metrics: MetricTable;
  /** What it was measured on, so that another model can be measured on the same. */
  readonly queries: readonly HeldOutQuery[];
  readonly recallK: number;
  readonly recall: UserRatio;
  readonly popularityRecall: number;
  /** Over the baseline. */
  readonly gain: Gain;
}

export interface RankingEvaluation {
  readonly metrics: MetricTable;
  readonly loss: UserRatio;
  /** Pages that it is of. */
  readonly pageCount: number;
  readonly floorLoss: number;
  /** Over the baseline. */
  readonly gain: Gain;
}

/** Both models and the index over the first one's videos; the index is missing where the vectors were not finite. */
export interface TrainedModels {
  readonly candidate: CandidateModel;
  readonly ranking: RankingModel;
  readonly index: BuiltIndex | undefined;
  /** "fresh", trained anew on everything; "evaluated", those of the gate themselves. */
  readonly origin: 'fresh' | 'evaluated';
}

/** What stages hand on to each other, by name. */
export interface RunState {
  catalogue: Catalogue;
  replayed: ReplayedLog;
  split: TimeSplit;
  candidateModel: CandidateModel;
  /** Of the examples before the held-out days those that it was trained on: without the users set aside. */
  candidateLearnedFrom: readonly CandidateExample[];
  /** To train it again with; its epochs are those that turned out best. */
  candidateConfig: CandidateModelConfig;
  index: BuiltIndex | undefined;
  candidateEvaluation: CandidateEvaluation;
  rankingModel: RankingModel;
  rankingEvaluation: RankingEvaluation;
  /** Of the snapshot that was current when the run looked, and its id; both undefined for the first. */
  currentMetrics: CurrentMetrics | undefined;
  parentSnapshotId: string | undefined;
  gate: GateVerdict;
  finalModels: TrainedModels;
  /** The gate's checks and the sanity checks of what is to be published. */
  verdict: GateVerdict;
  metrics: MetricTable;
  sizes: Readonly<Record<string, number>>;
  snapshot: { readonly directory: string; readonly manifest: SnapshotManifest };
  published: { readonly snapshotId: string; readonly current: boolean };
}
