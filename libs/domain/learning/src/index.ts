export * from './types';
export { createRandom, shuffle, type Random } from './random';
export { hashOfId, type IdList, listIds, packedIdAt, type PackedIds, packIds, placeOf } from './packed-ids';
export { IndexList } from './index-list';
export { Vocabulary } from './vocabulary';
export { createTable, tableFromValues, tableOver } from './embedding-table';
export { checkStack, initialiseStack, runStack } from './dense-stack';
export { RowwiseAdagrad, type RowwiseAdagradOptions } from './rowwise-adagrad';
export { AliasSampler } from './alias-sampler';
export { Adam, type AdamOptions, type AdamState } from './adam';
export { applyDropout, dropoutMask, type DropoutMask, type DropoutSite } from './dropout';
export {
  checkSchedule,
  LEARNING_RATE_DECAYS,
  type LearningRateDecay,
  learningRateScale,
  type LearningRateSchedule,
} from './learning-rate';
export { mean, median, quantile } from './statistics';
export { shownSetting } from './shown-setting';
export {
  type NamedArray,
  overwriteFrom,
  tensorsOf,
  type TrainingCheckpoints,
  trainingKey,
} from './training-checkpoints';
export { plainTowerRunner, type TowerRunner, type TowerRunnerFactory } from './tower-runner';
