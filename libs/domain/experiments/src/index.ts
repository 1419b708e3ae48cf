/** Definitions of experiments, assignment, and the statistics that decide them. No clock, no input and no output. */
export {
  type Experiment,
  type ExperimentsFile,
  experimentsFileSchema,
  NO_EXPERIMENTS,
  type Variant,
} from './definition';
export { type Serving, type ServingParameter } from './serving';
export {
  checkExperiments,
  ExperimentsError,
  isRunning,
  MOST_PINNED_SNAPSHOTS,
  parseExperiments,
  pinnedSnapshots,
  SNAPSHOT_LEAD_MS,
} from './validate';
export { Assigner, type Assignment, type AudienceFacts, servingOf } from './assignment';
export { hashPoint } from './hash-point';
export { type ExperimentChange, unsafeChanges } from './changes';
export {
  METRIC_NAMES,
  type MetricDefinition,
  type MetricName,
  metricOf,
  USER_NUMBERS,
  type UserNumber,
} from './metrics';
export { Moments, NUMBER_COUNT, PRODUCT_COUNT, productIndex, type UserNumbers } from './moments';
export { type EffectEstimate, estimateEffect } from './effect';
export {
  alwaysValidP,
  boundary,
  FEWEST_USERS,
  type Interval,
  mixtureVariance,
  mostUnseenRate,
  requiredInformation,
  type UserWeights,
  userWeights,
} from './always-valid';
export { checkSampleRatio, SAMPLE_RATIO_ALPHA, type SampleRatioCheck } from './sample-ratio';
export { holm } from './corrections';
export { type HeldRate, holdRate, type PromisedRate } from './held-rate';
export {
  type AaMetric,
  type AaOutcome,
  type AaSampleRatio,
  type AaSettings,
  DOUBTFUL_P,
  judgeAa,
  judgeAaSampleRatio,
} from './aa';
export { alwaysValidPower, type DurationPlan, fixedPower, planDuration } from './power';
export {
  type CohortResult,
  cohortResults,
  type Look,
  look,
  metricResult,
  type MetricResult,
  metricResults,
  type TestSettings,
  testSettings,
  type Verdict,
  verdictOf,
  VERDICTS,
} from './analysis';
export {
  checkQuality,
  checkSnapshots,
  machineListLimit,
  MOST_WATCH_SECONDS_A_DAY,
  type QualityInput,
  type QualityReport,
  type SnapshotUse,
} from './quality';
export { type Preference, preferenceOf, type TeamCredit } from './interleaving';
export { type DraftedItem, teamDraft } from './team-draft';
export {
  DEFAULT_OFF_POLICY_LIMITS,
  estimateOffPolicy,
  type LoggedDraw,
  type OffPolicyEstimate,
  type OffPolicyLimits,
  type ValueEstimate,
} from './off-policy';
export { chiSquareTail, normalQuantile } from './distributions';
