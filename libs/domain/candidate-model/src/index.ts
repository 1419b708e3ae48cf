export type { AgeReport, AgeWindow } from './age-window';
export { ColdStart, type ColdStartFacts, type ColdStartMetadata, type ColdStartParts } from './cold-start';
export {
  candidateForms,
  candidateSettings,
  checkConfig,
  dataSizeOf,
  defaultCandidateConfig,
  hasHeads,
  HISTORY_ENCODERS,
  HISTORY_LENGTH,
  interestsOf,
  needsWatchTimes,
  towerSizes,
  type CandidateModelConfig,
  type DataSize,
  type HistoryEncoder,
} from './config';
export type {
  CandidateBatch,
  CandidateInputTables,
  CandidateEngine,
  CandidateEngineFactory,
  CandidateEngineSetup,
  CandidateGradients,
  CandidateOptimizerState,
  CandidateTables,
} from './engine';
export {
  assembleInputs,
  inputLayout,
  lastWatches,
  scatterInputGradients,
  type CandidateInputs,
  type InputConfig,
  type GradientSink,
  type InputGradientSinks,
  type InputGroup,
  type InputLayout,
} from './input';
export {
  CandidateModel,
  type CandidateModelMetadata,
  type CandidateModelParts,
  vectorsAreWatchedRows,
  videoVectorsOf,
} from './model';
export { trainCandidateModel } from './training';
export type { CandidateTrainingOptions, CandidateTrainingProgress } from './training-options';
export { isRewatch } from './rewatches';
export { selectCandidateModel } from './selection';
export { validationCutoff } from './validation';
export type { CandidateVocabularies } from './vocabularies';
export type { WarmStartReport } from './warm-start';
export { scaleToLength, throughScaling } from './unit-vectors';
export { CatalogueScorer } from './catalogue-scorer';
export { scoreVideos } from './video-scores';
