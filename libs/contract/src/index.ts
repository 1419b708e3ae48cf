/**
 * The contracts between WatchNext's services, as generated from `proto/` by `npm run generate`.
 * Times are milliseconds since the Unix epoch, durations are seconds, unless a name says otherwise.
 */
export * from './generated/watchnext/event/v1/event';
export { DeadLetter } from './generated/watchnext/event/v1/dead_letter';
export {
  Affinity,
  DismissalEntry,
  Exposure,
  Gender,
  genderFromJSON,
  genderToJSON,
  Mark,
  Profile,
  SearchEntry,
  SeenEvent,
  UserState,
  WatchEntry,
} from './generated/watchnext/state/v1/state';
export {
  Candidate,
  RetrieveRequest,
  RetrieveResponse,
  RetrievalServiceClient,
  type RetrievalServiceServer,
  RetrievalServiceService,
} from './generated/watchnext/retrieval/v1/retrieval';
export {
  FeatureValue,
  RankCandidate,
  RankRequest,
  RankResponse,
  RankScore,
  RankingServiceClient,
  type RankingServiceServer,
  RankingServiceService,
  ScorePart,
} from './generated/watchnext/ranking/v1/ranking';
export {
  FileDigest,
  GateCheck,
  GateVerdict,
  IndexParameters,
  Metric,
  SnapshotAnnouncement,
  SnapshotManifest,
  TrainingWindow,
} from './generated/watchnext/snapshot/v1/snapshot';
export { impressionIdOf, PLACE_OF_IMPRESSION_ID } from './impression-ids';
export { API_KEY_HEADER, BATCH_LIMITS, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_CANDIDATES } from './limits';
export { CATALOG_TOPIC, SNAPSHOTS_TOPIC, TOPICS, topicSpecs } from './topics';
export { BinaryReader } from './wire';
