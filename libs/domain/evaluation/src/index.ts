/** Offline metrics, the baselines that a model must beat, and the gate. Numbers in, numbers out: no models, no I/O. */
export { rankInCatalogue, topK } from './catalogue-rank';
export { type IndexSource, type Interval, UserRatio } from './user-ratio';
export {
  LOSS_WATCH_CAP_SECONDS,
  type LabelledImpression,
  noPageMessage,
  type Page,
  pagesOf,
  weightedPerUserLoss,
} from './weighted-per-user-loss';
export {
  COUNTING_SCORERS,
  type CountedImpression,
  countedImpression,
  CountingBaselines,
  type CountingScorer,
  ITEM_SCORERS,
  ShrunkenMeans,
} from './counting-baselines';
export { PopularityCounts } from './popularity-counts';
export {
  metricText,
  metricValue,
  type MetricRow,
  type MetricTable,
  renderTable,
  tableToJson,
  tableToMetrics,
} from './metric-table';
export {
  DEFAULT_GATE_LIMITS,
  evaluateGate,
  type Gain,
  type GateLimits,
  type GateMetrics,
  gateReasons,
  recallKOf,
} from './gate';
export type {
  CurrentMetrics,
  Measurement,
  PairedMetric,
  RecordedMetric,
  RecordedValue,
  SameDaysMetric,
} from './regression';
export {
  type RankedQuery,
  recallCurve,
  RETRIEVAL_METRICS,
  type RetrievalMetric,
  type RetrievalMetrics,
  retrievalMetrics,
} from './retrieval-metrics';
export { ListCensus, selfInformationBits } from './list-census';
export {
  type Cohort,
  type CohortFacts,
  cohortLabel,
  type CohortLimits,
  cohortLimits,
  COHORTS,
  cohortsOf,
  groupByCohort,
} from './cohorts';
export { auc, clickAuc, clickAucInterval, groupedClickAuc } from './auc';
export {
  actualSeconds,
  type CalibrationRow,
  calibrationTable,
  quantileGroups,
  watchTimeMae,
  watchTimeSquaredError,
} from './calibration';
export { meanOverSeeds, type SeedMean } from './across-seeds';
export { comparePaired, type PairedComparison } from './paired';
export { type NextWatchScorer, type Watch, watchCounts, type WatchLog, watchLogOf, type WatchQuery } from './watch-log';
export { popularityScorer, recentPopularityScorer } from './popularity-scorers';
export {
  type CoOccurrenceOptions,
  coOccurrenceScorer,
  DEFAULT_CO_OCCURRENCE,
  itemKnnScorer,
  type ItemKnnOptions,
  lastItemMarkovScorer,
} from './co-watch-scorers';
export { BprFactors, type BprOptions, DEFAULT_BPR } from './bpr';
export { MINIMUM_SAMPLE } from './sample-size';
export { type LogSpan, spanOfDays, spanOfLog, type SplitMoment, splitMoment } from './split-moment';
