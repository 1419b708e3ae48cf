/** Counters and latencies of ingestion's roles. All names stand here, beside those that every service has. */
import { MetricsRegistry, sharedMetrics, watchProcess } from '@watchnext/service';
import type { IncompleteHistory } from './collect/anonymous-history';
import type { ItemResult } from './collect/collector';
import { type Feedback, noFeedback } from './materialise/feedback';

export const METRICS = {
  events: 'watchnext_ingestion_events_total',
  records: 'watchnext_ingestion_consumed_records_total',
  batchSeconds: 'watchnext_ingestion_batch_seconds',
  batchFailures: 'watchnext_ingestion_batch_failures_total',
  logShortenedAt: 'watchnext_ingestion_log_shortened_timestamp_seconds',
  consumerLag: 'watchnext_ingestion_consumer_lag_records',
  deadLetters: 'watchnext_ingestion_dead_letters_total',
  impressions: 'watchnext_ingestion_impressions_total',
  impressionWatches: 'watchnext_ingestion_impression_watches_total',
  impressionWatchSeconds: 'watchnext_ingestion_impression_watch_seconds_total',
  unwrittenAge: 'watchnext_ingestion_archive_unwritten_age_seconds',
  storedViewers: 'watchnext_ingestion_feature_store_viewers',
  storeMemory: 'watchnext_ingestion_feature_store_memory_ratio',
  clockOffset: 'watchnext_ingestion_clock_offset_seconds',
  unknownVideos: 'watchnext_ingestion_unknown_videos_total',
  incompleteHistories: 'watchnext_ingestion_incomplete_histories_total',
} as const;

const HELP: Record<string, string> = {
  [METRICS.events]: 'Events received by the collector, by result; code says why one was rejected.',
  [METRICS.records]: 'Records that a role has worked off, by role and topic.',
  [METRICS.batchSeconds]: 'Seconds to work off a batch, by role and topic.',
  [METRICS.batchFailures]:
    'Batches that failed and are given again, questions where to go on that failed, and writes of what waited for the archive, by role and topic.',
  [METRICS.logShortenedAt]:
    'When the log last said, to a question where to go on, that it ends before that: it lost records, or is another one. Unix time, 0 for never, by role and topic.',
  [METRICS.consumerLag]:
    'Records in the log that a role of this process has yet to work off, by role, topic and partition.',
  [METRICS.deadLetters]: 'Records that could not be folded, by code.',
  [METRICS.impressions]: 'Impressions of lists, once each, without those of a backfill.',
  [METRICS.impressionWatches]: 'Playbacks that name the impression they came from, likewise.',
  [METRICS.impressionWatchSeconds]:
    'Seconds that these were watched for, likewise: over the impressions, the watch time that an impression brings.',
  [METRICS.unwrittenAge]:
    'Seconds for which the oldest record that was read for the archive, and is not in it, has waited, by topic and partition.',
  [METRICS.storedViewers]:
    'Viewers with a state in the feature store, of all partitions, visitors among them; every materialiser tells the same.',
  [METRICS.storeMemory]:
    'Used memory of Redis over its maxmemory, on the primary where it is the most; NaN where there is no such bound.',
  [METRICS.clockOffset]:
    'Seconds that the clock of this collector is ahead of the feature store’s, negative: behind; by the one that differs least. NaN where it does not tell, or runs on this machine.',
  [METRICS.unknownVideos]:
    'Events stored without all facts of a video that they name, as neither their producer nor the catalogue had them.',
  [METRICS.incompleteHistories]:
    'Live logins that took in what was folded of a viewer, and not known to be all (part), or nothing, as it could not be read in time (none).',
};

/** What dashboards and alerts may refer to. */
export const METRIC_NAMES: readonly string[] = [
  ...Object.values(METRICS),
  ...sharedMetrics('http', 'tls', 'followers'),
];

export class Metrics extends MetricsRegistry {
  constructor() {
    super(HELP);
    watchProcess(this);
  }
}

/** So that the first of them are an increase. */
export const showFeedback = (metrics: Metrics): void => countFeedback(metrics, noFeedback());

export function countFeedback(metrics: Metrics, { impressionCount, watchCount, watchSeconds }: Feedback): void {
  metrics.count(METRICS.impressions, {}, impressionCount);
  metrics.count(METRICS.impressionWatches, {}, watchCount);
  metrics.count(METRICS.impressionWatchSeconds, {}, watchSeconds);
}

export function showCollecting(metrics: Metrics): void {
  countUnknownVideos(metrics, 0);
  for (const history of ['part', 'none'] as const) countIncompleteHistories(metrics, history, 0);
}

export const countUnknownVideos = (metrics: Metrics, eventCount: number): void =>
  metrics.count(METRICS.unknownVideos, {}, eventCount);

export const countIncompleteHistories = (metrics: Metrics, history: IncompleteHistory, count = 1): void =>
  metrics.count(METRICS.incompleteHistories, { history }, count);

export function countResults(metrics: Metrics, results: readonly ItemResult[]): void {
  for (const { status, code = '' } of results) metrics.count(METRICS.events, { result: status, code });
}
