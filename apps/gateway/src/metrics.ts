/** Counters and latencies of the gateway. All names stand here. */
import { MetricsRegistry } from '@watchnext/service';
import type { StageReport } from './pipeline/executor';

export const METRICS = {
  answers: 'watchnext_gateway_answers_total',
  stageFailures: 'watchnext_gateway_stage_failures_total',
  stageRestarts: 'watchnext_gateway_stage_restarts_total',
  stageSeconds: 'watchnext_gateway_stage_seconds',
  requestSeconds: 'watchnext_gateway_request_seconds',
  removed: 'watchnext_gateway_removed_candidates_total',
  assignedLists: 'watchnext_gateway_assigned_lists_total',
  refusedExperiments: 'watchnext_gateway_refused_experiment_files_total',
  unloggedImpressions: 'watchnext_gateway_unlogged_impressions_total',
} as const;

const HELP: Record<string, string> = {
  [METRICS.answers]: 'Lists answered, by rung of the degradation ladder.',
  [METRICS.stageFailures]: 'Failed stages, by category: who must act.',
  [METRICS.stageRestarts]: 'Requests that a stage sent back, as for a snapshot in common.',
  [METRICS.stageSeconds]: 'Seconds spent in each stage.',
  [METRICS.requestSeconds]: 'Seconds from a request to its list.',
  [METRICS.removed]: 'Candidates removed, by filter.',
  [METRICS.assignedLists]: 'Lists answered within an experiment, by experiment and variant.',
  [METRICS.refusedExperiments]: 'Versions of the file of experiments that were refused; the last good one is in force.',
  [METRICS.unloggedImpressions]: 'Impressions answered without a confirmed record in the log.',
};

export class Metrics extends MetricsRegistry {
  constructor() {
    super(HELP);
  }

  stage({ stage, latencyMs, outcome, failure }: StageReport): void {
    this.observe(METRICS.stageSeconds, latencyMs / 1_000, { stage });
    if (outcome === 'restarted') this.count(METRICS.stageRestarts, { stage });
    if (failure) this.count(METRICS.stageFailures, { stage, category: failure.category });
  }
}
