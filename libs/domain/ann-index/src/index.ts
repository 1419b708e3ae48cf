export { type AcceptedSearchOptions, type AcceptedSearchResult, searchAccepted } from './accepted-search';
export { AnnIndex } from './ann-index';
export { type FirstVectors } from './insertion-order';
export {
  buildIndex,
  type BuildIndexOptions,
  buildOnThisThread,
  type BuiltGraphs,
  type BuiltIndex,
  edgesFor,
  type GraphBuilder,
  meanRecall,
  RECALL_K,
} from './build-index';
export {
  type Accepts,
  exactSearch,
  innerProduct,
  mergeResults,
  recallAtK,
  type SearchResult,
  sortResult,
} from './exact-search';
export { likelyShare, mayHoldMore, searchShards, worstOf } from './sharded-search';
export { searchEach } from './several-queries';
export { radiusFor, SPACES, type Space } from './space';
export { type ShardOf, shardSize, VectorRows, WHOLE } from './vector-rows';
