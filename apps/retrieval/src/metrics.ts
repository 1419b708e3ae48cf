/** Counters and gauges of retrieval. All names stand here, beside those that every service has. */
import { MetricsRegistry, sharedMetrics } from '@watchnext/service';

export const METRICS = {
  searches: 'watchnext_retrieval_searches_total',
  searchSeconds: 'watchnext_retrieval_search_seconds',
  leftOut: 'watchnext_retrieval_left_out_videos_total',
  refusedSearches: 'watchnext_retrieval_refused_searches_total',
  pendingSearches: 'watchnext_retrieval_pending_searches',
  recall: 'watchnext_retrieval_index_recall_at_100',
  recallSamples: 'watchnext_retrieval_recall_samples_total',
  canaryRecall: 'watchnext_retrieval_canary_recall_at_100',
  canaryOverlap: 'watchnext_retrieval_canary_overlap',
  addedVideos: 'watchnext_retrieval_added_videos',
  clippedVideos: 'watchnext_retrieval_clipped_videos',
  backlogLeftOut: 'watchnext_retrieval_backlog_left_out_videos',
  videosWithoutRoom: 'watchnext_retrieval_videos_without_room',
  refusedVideos: 'watchnext_retrieval_refused_videos_total',
  catalogueVideos: 'watchnext_retrieval_catalogue_videos',
} as const;

const HELP: Record<string, string> = {
  [METRICS.searches]:
    'Searches answered, by method: graph, or exact where filters are strict or the catalogue is small.',
  [METRICS.searchSeconds]: 'Seconds from the user vector to the nearest videos, waiting for a thread included.',
  [METRICS.leftOut]:
    'Videos of the snapshot that searches were not to give, by reason: by name, or by a rule, however far they are from the viewer.',
  [METRICS.refusedSearches]: 'Requests refused because too many waited.',
  [METRICS.pendingSearches]: 'Searches that wait for a thread or run on one.',
  [METRICS.recall]: 'Mean recall@100 of the current index on the last sampled live queries, against exact search.',
  [METRICS.recallSamples]: 'Live queries that were searched exactly as well.',
  [METRICS.canaryRecall]:
    'Recall@100 on canary queries of the snapshot that was looked at last, taken or refused, before it served.',
  [METRICS.canaryOverlap]: 'Share of the previous answers to canary queries that the current snapshot gives too.',
  [METRICS.addedVideos]: 'Videos of the current snapshot that came in after its training.',
  [METRICS.clippedVideos]: 'Added videos whose vectors were cut to the radius of the index.',
  [METRICS.backlogLeftOut]:
    'Videos that the current snapshot did not learn and was not given, the oldest, so that room is left for new ones; counted to 100,000.',
  [METRICS.videosWithoutRoom]:
    'Videos that could not be added to the current snapshot for want of room, each once; counted to 100,000.',
  [METRICS.refusedVideos]: 'Catalogue entries that could not be taken over, as for a vector that is not finite.',
  [METRICS.catalogueVideos]: 'Videos that the catalogue has told of.',
};

/** What dashboards and alerts may refer to. */
export const METRIC_NAMES: readonly string[] = [
  ...Object.values(METRICS),
  ...sharedMetrics('rpc', 'tls', 'snapshots', 'followers'),
];

export function createMetrics(): MetricsRegistry {
  const metrics = new MetricsRegistry(HELP);
  metrics.declare(METRICS.refusedSearches);
  metrics.declare(METRICS.refusedVideos);
  return metrics;
}
