import { cpus, totalmem } from 'node:os';
import type { GateVerdict } from '@watchnext/contract';
import { type MetricTable, renderTable, tableToJson } from '@watchnext/evaluation';

/** All that is told of a finished run. */
export interface RunReport {
  readonly outcome: 'published' | 'rejected';
  /** Whether the pointer moved to it. */
  readonly current: boolean;
  readonly snapshotId: string;
  readonly parentSnapshotId: string | undefined;
  readonly verdict: GateVerdict;
  readonly metrics: MetricTable;
  readonly evaluation: { readonly rule: string; readonly evaluatedFromMs: number };
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly tensorBackend: { readonly name: string; readonly version: string };
  /** What trained both models, by which of our own kernels. */
  readonly engine: { readonly name: string; readonly kernels?: string; readonly threads: number };
  readonly secondsByStage: Readonly<Record<string, number>>;
}

const rounded = (seconds: number) => Math.round(seconds * 100) / 100;

/** For a person: the metrics, each check of the gate, and what became of the snapshot. */
export function reportText(report: RunReport): string {
  const checks = report.verdict.checks.map(
    ({ name, passed, detail }) => `  ${passed ? 'passed' : 'FAILED'}  ${name}: ${detail}`,
  );
  const held = new Date(report.evaluation.evaluatedFromMs).toISOString();
  const seconds = Object.values(report.secondsByStage).reduce((sum, value) => sum + value, 0);
  return [
    `Evaluated on the ${report.evaluation.rule}, from ${held}:`,
    '',
    renderTable(report.metrics),
    '',
    'Gate:',
    ...checks,
    '',
    `${endingOf(report)} ${seconds.toFixed(1)} s.`,
    '',
  ].join('\n');
}

function endingOf({ outcome, current, snapshotId }: RunReport): string {
  if (outcome === 'rejected') return `Snapshot ${snapshotId} was rejected: it is kept in the store, and not served.`;
  if (current) return `Snapshot ${snapshotId} is published and current.`;
  return `Snapshot ${snapshotId} passed and is published beside the current one: a variant may name it as its "snapshotId".`;
}

/** For a machine: the same, and what it takes to compare it with another run. */
export function reportJson(report: RunReport) {
  const processors = cpus();
  return {
    outcome: report.outcome,
    current: report.current,
    snapshotId: report.snapshotId,
    parentSnapshotId: report.parentSnapshotId ?? null,
    metrics: tableToJson(report.metrics),
    gate: report.verdict,
    evaluation: {
      rule: report.evaluation.rule,
      evaluatedFrom: new Date(report.evaluation.evaluatedFromMs).toISOString(),
    },
    sizes: report.sizes,
    seed: report.seed,
    secondsByStage: Object.fromEntries(
      Object.entries(report.secondsByStage).map(([stage, value]) => [stage, rounded(value)]),
    ),
    secondsTotal: rounded(Object.values(report.secondsByStage).reduce((sum, value) => sum + value, 0)),
    peakMemoryMegabytes: Math.round(process.resourceUsage().maxRSS / 1_024),
    machine: {
      platform: process.platform,
      architecture: process.arch,
      processor: processors[0]?.model ?? 'unknown',
      processorCount: processors.length,
      memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    },
    versions: {
      node: process.versions.node,
      tensor: report.tensorBackend.version,
      tensorBackend: report.tensorBackend.name,
      engine: report.engine.name,
      kernels: report.engine.kernels,
    },
  };
}
