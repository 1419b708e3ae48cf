/** Two snapshots' metrics and the checks of their gates side by side, as who decides on a rollback needs them. */
import { alignColumns } from '@watchnext/command-line';
import type { Metric, SnapshotManifest } from '@watchnext/contract';
import { metricText } from '@watchnext/evaluation';
import type { SnapshotStore } from '@watchnext/snapshot-store';

const HEADED = { underlined: true };

/** @throws what the store throws for one that is missing or cannot be read */
export async function compareSnapshots(store: SnapshotStore, ids: readonly [string, string]): Promise<string> {
  const [first, second] = await Promise.all([store.readManifest(ids[0]), store.readManifest(ids[1])]);
  return [
    alignColumns([['', ...ids], ...factsOf(first, second)], Infinity, HEADED),
    ...daysDiffer(first, second),
    '',
    alignColumns([['metric', 'scorer', ...ids, 'change'], ...metricRows(first.metrics, second.metrics)], 2, HEADED),
    '',
    alignColumns([['check', ...ids], ...verdictRows(first, second)], Infinity, HEADED),
    ...detailsOf(first, second),
  ].join('\n');
}

const timeOf = (ms: number | undefined) => (ms === undefined ? '-' : new Date(ms).toISOString());

function factsOf(first: SnapshotManifest, second: SnapshotManifest): string[][] {
  const both = (name: string, of: (manifest: SnapshotManifest) => string) => [name, of(first), of(second)];
  return [
    both('gate', ({ gate }) => (gate?.passed ? 'passed' : 'rejected')),
    both('after', ({ parentSnapshotId }) => parentSnapshotId || 'none'),
    both('made', ({ createdAtMs }) => timeOf(createdAtMs)),
    both('evaluated from', ({ window }) => timeOf(window?.evaluatedFromMs)),
    both('evaluated to', ({ window }) => timeOf(window?.evaluatedToMs)),
  ];
}

/** Metrics of other days differ though the models do not. */
function daysDiffer(first: SnapshotManifest, second: SnapshotManifest): string[] {
  return first.window?.evaluatedFromMs === second.window?.evaluatedFromMs
    ? []
    : [
        'Evaluated on different days: a metric may differ because the days do. What popularity reaches on each says how much.',
      ];
}

function metricRows(first: readonly Metric[], second: readonly Metric[]): string[][] {
  const keyOf = ({ name, scorer }: Metric) => `${name} ${scorer}`;
  const [before, after] = [first, second].map((metrics) => new Map(metrics.map((metric) => [keyOf(metric), metric])));
  const all = new Map([...before, ...after]);
  return [...all.values()]
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.scorer, b.scorer))
    .map((metric) => {
      const values = [before, after].map((table) => table.get(keyOf(metric))?.value ?? NaN);
      const [from, to] = values;
      return [metric.name, metric.scorer, ...values.map(cell), changeOf(from, to)];
    });
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const cell = (value: number) => (Number.isNaN(value) ? '-' : metricText(value));

function changeOf(from: number, to: number): string {
  if (Number.isNaN(from) || Number.isNaN(to)) return '';
  return `${to < from ? '' : '+'}${metricText(to - from)}`;
}

const checksOf = ({ gate }: SnapshotManifest) => new Map(gate?.checks.map((check) => [check.name, check]));

function verdictRows(...manifests: [SnapshotManifest, SnapshotManifest]): string[][] {
  const checks = manifests.map(checksOf);
  return namesOf(manifests).map((name) => [
    name,
    ...checks.map((byName) => {
      const check = byName.get(name);
      return check === undefined ? 'not made' : check.passed ? 'passed' : 'FAILED';
    }),
  ]);
}

/** What each check looked at: value and bound. */
function detailsOf(...manifests: [SnapshotManifest, SnapshotManifest]): string[] {
  return namesOf(manifests).flatMap((name) => [
    '',
    name,
    ...manifests.flatMap((manifest) => {
      const check = checksOf(manifest).get(name);
      return check === undefined ? [] : [`  ${manifest.snapshotId}  ${check.detail}`];
    }),
  ]);
}

const namesOf = (manifests: readonly SnapshotManifest[]) => [
  ...new Set(manifests.flatMap(({ gate }) => gate?.checks.map(({ name }) => name) ?? [])),
];
