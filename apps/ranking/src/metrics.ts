/** Counters and latencies of ranking. All names stand here, beside those that every service has. */
import { MetricsRegistry, sharedMetrics } from '@watchnext/service';

export const METRICS = {
  candidates: 'watchnext_ranking_candidates_total',
  scoreSeconds: 'watchnext_ranking_score_seconds',
  explained: 'watchnext_ranking_explained_requests_total',
  refused: 'watchnext_ranking_refused_requests_total',
  pendingRuns: 'watchnext_ranking_pending_runs',
} as const;

const HELP: Record<string, string> = {
  [METRICS.candidates]: 'Candidates scored.',
  [METRICS.scoreSeconds]: 'Seconds from the checked request to its scores.',
  [METRICS.explained]:
    'Requests whose scores were explained, which takes a run of the tower for each group of features.',
  [METRICS.refused]: 'Requests refused because too many waited.',
  [METRICS.pendingRuns]:
    'Requests that wait for their turn, and runs of the tower that wait for a thread or are under way on one.',
};

/** What dashboards and alerts may refer to. */
export const METRIC_NAMES: readonly string[] = [...Object.values(METRICS), ...sharedMetrics('rpc', 'tls', 'snapshots')];

export function createMetrics(): MetricsRegistry {
  const metrics = new MetricsRegistry(HELP);
  metrics.declare(METRICS.explained);
  metrics.declare(METRICS.refused);
  return metrics;
}
