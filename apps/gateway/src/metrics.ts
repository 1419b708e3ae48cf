/** Counters and latencies of the gateway. All names stand here, beside those that every service has. */
import { MetricsRegistry, sharedMetrics, watchProcess } from '@watchnext/service';
import type { StageReport } from './pipeline/executor';
import type { StageFailure } from './pipeline/failure';
import type { Dependency } from './resilience/dependency';

export const METRICS = {
  answers: 'watchnext_gateway_answers_total',
  stageFailures: 'watchnext_gateway_stage_failures_total',
  stageRestarts: 'watchnext_gateway_stage_restarts_total',
  stageSeconds: 'watchnext_gateway_stage_seconds',
  requestSeconds: 'watchnext_gateway_request_seconds',
  candidates: 'watchnext_gateway_candidates_total',
  catalogueVideos: 'watchnext_gateway_catalogue_videos',
  removed: 'watchnext_gateway_removed_candidates_total',
  assignedLists: 'watchnext_gateway_assigned_lists_total',
  refusedExperiments: 'watchnext_gateway_refused_experiment_files_total',
  unloggedImpressions: 'watchnext_gateway_unlogged_impressions_total',
  lateRecords: 'watchnext_gateway_late_records_total',
  shedRequests: 'watchnext_gateway_shed_requests_total',
  abandonedRequests: 'watchnext_gateway_abandoned_requests_total',
  requestsInFlight: 'watchnext_gateway_requests_in_flight',
  concurrencyLimit: 'watchnext_gateway_concurrency_limit',
  openCircuits: 'watchnext_gateway_circuit_open',
  secondTries: 'watchnext_gateway_second_tries_total',
} as const;

const HELP: Record<string, string> = {
  [METRICS.answers]:
    'Lists answered, by rung of the degradation ladder and by who must act on the first failure that cost one; empty for full.',
  [METRICS.stageFailures]: 'Failed stages, by category: who must act.',
  [METRICS.stageRestarts]: 'Requests that a stage sent back, as for a snapshot in common.',
  [METRICS.stageSeconds]: 'Seconds spent in each stage.',
  [METRICS.requestSeconds]: 'Seconds from a request to its list.',
  [METRICS.candidates]: 'Candidates that lists were chosen from, ranked or not, by the source they are counted under.',
  [METRICS.catalogueVideos]: 'Videos that the catalogue has told of.',
  [METRICS.removed]: 'Candidates removed, by filter.',
  [METRICS.assignedLists]: 'Lists answered within an experiment, by experiment and variant.',
  [METRICS.refusedExperiments]: 'Versions of the file of experiments that were refused; the last good one is in force.',
  [METRICS.unloggedImpressions]: 'Impressions that were answered without a confirmed record in the log.',
  [METRICS.lateRecords]:
    'Lists answered before the log had confirmed their record. It follows, or its impressions are counted as unlogged.',
  [METRICS.shedRequests]:
    'Requests turned away with 429: of lists, as more were in work than can be answered in time; of bodies, as more were held than may be.',
  [METRICS.abandonedRequests]: 'Requests whose caller closed the connection before the answer.',
  [METRICS.requestsInFlight]: 'Lists in work.',
  [METRICS.concurrencyLimit]: 'Lists that may be in work at once, as found out by their latency.',
  [METRICS.openCircuits]:
    'Circuits by dependency: 1 while it is not asked, as most calls failed; 0.5 once one call may try it; 0 while it is in order.',
  [METRICS.secondTries]:
    'Calls that a second try was wanted for, by dependency, by why (failed, late) and by whether the budget granted it.',
};

/** What dashboards and alerts may refer to. */
export const METRIC_NAMES: readonly string[] = [
  ...Object.values(METRICS),
  ...sharedMetrics('http', 'tls', 'snapshots', 'followers'),
];

const SHOWN_FROM_THE_START = [
  METRICS.refusedExperiments,
  METRICS.unloggedImpressions,
  METRICS.lateRecords,
  METRICS.abandonedRequests,
];

export class Metrics extends MetricsRegistry {
  constructor() {
    super(HELP);
    watchProcess(this);
    for (const name of SHOWN_FROM_THE_START) this.declare(name);
    for (const what of ['lists', 'bodies']) this.declare(METRICS.shedRequests, { of: what });
    this.declare(METRICS.stageRestarts, { stage: 'rank' });
  }

  secondTry(dependency: string, why: string, isGranted: boolean): void {
    this.count(METRICS.secondTries, { dependency, why, granted: String(isGranted) });
  }

  circuits(dependencies: readonly Dependency[]): void {
    const values = { closed: 0, 'half-open': 0.5, open: 1 };
    this.gaugeSeries(METRICS.openCircuits, () =>
      dependencies.map(({ name, circuitState }) => [{ dependency: name }, values[circuitState]]),
    );
    for (const { name: dependency } of dependencies)
      for (const why of ['failed', 'late'])
        for (const granted of ['true', 'false']) this.declare(METRICS.secondTries, { dependency, why, granted });
  }

  stage({ stage, latencyMs, outcome, failure }: StageReport): void {
    this.observe(METRICS.stageSeconds, latencyMs / 1_000, { stage });
    if (outcome === 'restarted') this.count(METRICS.stageRestarts, { stage });
    if (failure) this.stageFailure(failure);
  }

  stageFailure({ stage, category }: StageFailure): void {
    this.count(METRICS.stageFailures, { stage, category });
  }
}
