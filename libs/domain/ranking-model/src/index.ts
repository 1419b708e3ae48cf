export {
  checkConfig,
  defaultRankingConfig,
  RANKING_CROSSES,
  RANKING_OBJECTIVES,
  RANKING_PRECISIONS,
  RANKING_SEARCH_INPUTS,
  rankingSettings,
  type RankingCross,
  type RankingModelConfig,
  type RankingObjective,
  type RankingPrecision,
  type RankingSearchInputs,
} from './config';
export { type Calibration, NO_CALIBRATION } from './calibration';
export { featuresChecksum, RowChecksums } from './checksum';
export { EmbeddingInputs, INITIAL_ACCUMULATOR } from './embedding-inputs';
export {
  logisticGradient,
  logisticLoss,
  weightedLogisticLoss,
  type Bags,
  type LogitOffsets,
  type EmbeddingInput,
  type RankingBatch,
  type RankingEngine,
  type RankingEngineFactory,
  type RankingGradients,
  type RankingNetwork,
  type RankingOptimizerState,
} from './engine';
export { engineDeviations, type EngineDeviation } from './engine-deviations';
export { type InputGroup, SERVED_POSITION } from './input-layout';
export type { ModelMetadata, ModelParts } from './model-parts';
export { RankingModel, type EncodedUser, type RankingScore, type RawFeature } from './ranking-model';
export { referenceRankingEngine } from './reference-engine';
export type { RankingProgress } from './progress';
export { type EarlierRankingModel, trainRankingModel, type TrainRankingModelOptions } from './train';
export type { StatisticsAt } from './example-numbers';
export { ExampleRows } from './example-rows';
export type { RankingWarmStart } from './warm-start';
