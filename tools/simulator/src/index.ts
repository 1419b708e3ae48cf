export { COUNTRIES, DEVICES, LANGUAGES, type Device, type Topic } from './topics';
export { DEFAULT_WORLD, FROZEN, FROZEN_WORLDS, type FrozenWorldName, type WorldOptions } from './parameters';
export { World, type Channel, type Video, type Viewer } from './world';
export { newMemories, ViewerMemory } from './memory';
export { IdealLearner, type IdealLearnerOptions } from './ideal-learner/ideal-learner';
export { Truth, type Moment, type PageOutcome } from './truth';
export {
  generateHistory,
  generateHistoryInTurns,
  memoriesOf,
  type History,
  type HistoryOptions,
  type LifeCounts,
} from './history';
export { impressionScores, type ScoredImpression } from './impression-scores';
export { everyDelivery } from './life/deliver';
export { Popularity } from './popularity';
export {
  chooseViewers,
  evaluateLists,
  formatEvaluation,
  orderProvider,
  popularityByCountryProvider,
  popularityProvider,
  randomProvider,
  trueEffect,
  type EvaluateOptions,
  type ListEffect,
  type ListEvaluation,
  type ListProvider,
} from './evaluate';
export { LONGEST_DAYS_SINCE, WorldClock } from './live/clock';
export type { OnTold } from './live/schedule';
export { LiveSimulator, type LiveCounts, type LiveOptions } from './live/live';
export { sendAll, type EventSink } from './sink';
export {
  ArchiveThereError,
  generateArchive,
  type GeneratedArchive,
  type GenerateOptions,
} from './straight/generate-archive';
export { WorkerError } from '@watchnext/threads';
export { FROZEN_CHECKSUMS, FROZEN_PARTITIONS, FROZEN_VERSION } from './frozen-checksums';
