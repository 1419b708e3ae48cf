export { defaultRankingConfig, RANKING_OBJECTIVES, type RankingModelConfig, type RankingObjective } from './config';
export { featuresChecksum } from './checksum';
export { EmbeddingInputs } from './embedding-inputs';
export {
  weightedLogisticLoss,
  type Bags,
  type EmbeddingInput,
  type RankingBatch,
  type RankingEngine,
  type RankingEngineFactory,
  type RankingGradients,
  type RankingNetwork,
} from './engine';
export { engineDeviations, type EngineDeviation } from './engine-deviations';
export type { InputGroup } from './input-layout';
export type { ModelMetadata, ModelParts } from './model-parts';
export { RankingModel, type EncodedUser, type RawFeature } from './ranking-model';
export { referenceRankingEngine } from './reference-engine';
export { trainRankingModel, type RankingProgress, type TrainRankingModelOptions } from './train';
export type { StatisticsAt } from './training-set';
