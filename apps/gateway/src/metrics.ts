/** Counters and latencies of the gateway in Prometheus' text format. All names stand here. */
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
/** Seconds; the default deadline is 0.5. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;

type Labels = Readonly<Record<string, string>>;

export class Metrics {
  private readonly counters = new Map<string, Map<string, number>>();
  private readonly histograms = new Map<string, Map<string, { counts: number[]; count: number; sum: number }>>();

  count(name: string, labels: Labels = {}, by = 1): void {
    const series = entryOf(this.counters, name, () => new Map<string, number>());
    const key = labelText(labels);
    series.set(key, (series.get(key) ?? 0) + by);
  }

  observe(name: string, seconds: number, labels: Labels = {}): void {
    const series = entryOf(this.histograms, name, () => new Map());
    const histogram = entryOf(series, labelText(labels), () => ({ counts: BUCKETS.map(() => 0), count: 0, sum: 0 }));
    BUCKETS.forEach((bound, index) => {
      if (seconds <= bound) histogram.counts[index]! += 1;
    });
    histogram.count += 1;
    histogram.sum += seconds;
  }

  stage({ stage, latencyMs, outcome, failure }: StageReport): void {
    this.observe(METRICS.stageSeconds, latencyMs / 1_000, { stage });
    if (outcome === 'restarted') this.count(METRICS.stageRestarts, { stage });
    if (failure) this.count(METRICS.stageFailures, { stage, category: failure.category });
  }

  value(name: string, labels: Labels = {}): number {
    return this.counters.get(name)?.get(labelText(labels)) ?? 0;
  }

  render(): string {
    const lines: string[] = [];
    for (const [name, series] of this.counters) {
      lines.push(`# HELP ${name} ${HELP[name] ?? ''}`, `# TYPE ${name} counter`);
      for (const [labels, value] of series) lines.push(`${name}${braced(labels)} ${value}`);
    }
    for (const [name, series] of this.histograms) {
      lines.push(`# HELP ${name} ${HELP[name] ?? ''}`, `# TYPE ${name} histogram`);
      for (const [labels, { counts, count, sum }] of series) {
        const with_ = (more: string) => braced(labels === '' ? more : `${labels},${more}`);
        counts.forEach((value, index) => lines.push(`${name}_bucket${with_(`le="${BUCKETS[index]}"`)} ${value}`));
        lines.push(`${name}_bucket${with_('le="+Inf"')} ${count}`);
        lines.push(`${name}_sum${braced(labels)} ${sum}`, `${name}_count${braced(labels)} ${count}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`,
    )
    .join(',');
}

const braced = (labels: string) => (labels === '' ? '' : `{${labels}}`);
