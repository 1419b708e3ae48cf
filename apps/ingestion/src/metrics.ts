/** Counters and latencies of ingestion's roles. All names stand here, beside those that every service has. */
import { MetricsRegistry, sharedMetrics, watchProcess } from '@watchnext/service';
import type { ItemResult } from './collect/collector';

export const METRICS = {
  events: 'watchnext_ingestion_events_total',
  records: 'watchnext_ingestion_consumed_records_total',
  batchSeconds: 'watchnext_ingestion_batch_seconds',
  batchFailures: 'watchnext_ingestion_batch_failures_total',
  consumerLag: 'watchnext_ingestion_consumer_lag_records',
  deadLetters: 'watchnext_ingestion_dead_letters_total',
} as const;

const HELP: Record<string, string> = {
  [METRICS.events]: 'Events received by the collector, by result; code says why one was rejected.',
  [METRICS.records]: 'Records that a role has worked off, by role and topic.',
  [METRICS.batchSeconds]: 'Seconds to work off a batch, by role and topic.',
  [METRICS.batchFailures]:
    'Batches that failed and are given again, and questions where to go on that failed, by role and topic.',
  [METRICS.consumerLag]:
    'Records in the log that a role of this process has yet to work off, by role, topic and partition.',
  [METRICS.deadLetters]: 'Records that could not be folded, by code.',
};

/** What dashboards and alerts may refer to. */
export const METRIC_NAMES: readonly string[] = [...Object.values(METRICS), ...sharedMetrics('http', 'tls')];

export class Metrics extends MetricsRegistry {
  constructor() {
    super(HELP);
    watchProcess(this);
  }
}

export function countResults(metrics: Metrics, results: readonly ItemResult[]): void {
  for (const { status, code = '' } of results) metrics.count(METRICS.events, { result: status, code });
}
