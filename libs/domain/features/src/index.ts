/**
 * One feature definition, two ways to run it: the reducer that folds a user's events into a state, the functions
 * that read features from a state, and the replay that runs both over the archive.
 */
export { areSoundFacts, isSoundText } from './event-checks';
export { countryKey, isAvailable, type Viewer, viewerOf } from './availability';
export { type CandidateCircumstances, candidateFeatures, NO_CIRCUMSTANCES } from './candidate-features';
export { countryCode, countryOf, settleCountries } from './countries';
export { isCompleted } from './completion';
export type { DailyCounts } from './daily-counts';
export { DRAWN } from './drawn-lists';
export type { PartialCounts } from './partial-counts';
export { FlatTexts } from './flat-texts';
export { hash53 } from './hash';
export {
  type JudgedEvent,
  type JudgedRecord,
  judgeRecord,
  DEAD_LETTER_CODES,
  type RecordRefusal,
} from './judge-record';
export { LIMITS } from './limits';
export { mayBeWatch } from './may-be-watch';
export { NO_SEARCHES, RANKING_USER_NUMBERS, rankingSearches, rankingUserFeatures } from './ranking-features';
export { RANKING_VIDEO_NUMBERS, rankingVideoFeatures, rankingVideoFeaturesFor } from './ranking-video-features';
export { applyEvent, knownWatchSeconds, lastActiveMs, type Outcome, userIdOf } from './reducer';
export { refuse, refuseSeconds } from './refusal';
export { forgottenBeforeMs, rememberedAtMs, rememberEvent, seenEventIn } from './seen-events';
export type { HistoryRange } from './completed-history';
export { replayUser, replayUserInto } from './replay';
export type {
  BegunPlayback,
  CountedImpression,
  KnownBefore,
  RefusedRecord,
  ReplayedWatch,
  ReplayOptions,
  ReplayOutcome,
  ReplayResult,
  ReplayTaker,
} from './replay-types';
export { type PackedStatistics, packStatistics, statisticsFromPacked } from './packed-statistics';
export {
  EVERYWHERE,
  NO_ROW,
  NO_STATISTICS,
  type ShownPlace,
  type ShownVideo,
  statisticsFrom,
  type StatisticsTables,
  StatisticsTimeline,
} from './statistics';
export { packStatisticsText, statisticsText } from './statistics-text';
export { RANKING_STATISTICS_NUMBERS, statisticsNumbers } from './statistics-numbers';
export {
  decodeServingState,
  decodeState,
  encodeState,
  isNewState,
  newState,
  STATE_FORMAT_VERSION,
} from './state-codec';
export { tokenize } from './tokenize';
export * from './types';
export { uuidV7TimeMs } from './uuid';
export { type CatalogueVideo, catalogueVideo, VideoTable, type VideoTexts } from './video-table';
export { DAY_MS, type DayOfLog, HOUR_MS } from './time';
