/** What training and evaluation share: the archive replayed into examples, the models of a snapshot, their scores. */
export { loadModels } from './whole-models';
export { readCatalogue } from './read-catalogue';
export { NothingToReplayError } from './errors';
export { replayArchive, type ReplayCounts, type ReplayOptions } from './replay-archive';
export type { Catalogue, CompletedWatch, ReplayedLog } from './replayed-log';
export { type ImpressionScores, predictImpressions, scoreImpressions, type ScoringOptions } from './score-impressions';
export { readUserRecords, type ReadCounts, type UserRecords } from './user-records';
