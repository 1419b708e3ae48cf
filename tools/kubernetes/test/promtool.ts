/** Prometheus' own judge of rules: what queries and alerts say of series that a test makes up. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** By name with labels, as `up{job="gateway"}`; values in promtool's notation, one a step: `0+2x60` is 0, 2, 4 … */
export type Series = Readonly<Record<string, string>>;

export interface ExpectedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** At the end of the time that `series` last: sixty steps. */
export type RuleCase = {
  readonly series: Series;
  /** Minutes from one value to the next; default: 1. */
  readonly stepMinutes?: number | undefined;
} & (
  | { readonly alert: string; readonly fires: readonly ExpectedAlert[] }
  | { readonly query: string; readonly value: number }
);

const STEPS = 60;

/** What is missing on this machine to judge rules, in words; empty where nothing is. */
export function missingForRules(): string[] {
  return spawnSync('promtool', ['--version']).status === 0
    ? []
    : ['promtool (of Prometheus; .ci/install-servers brings it)'];
}

interface RuleGroup {
  readonly rules: readonly { readonly alert: string }[];
}

/** @returns what came otherwise, in promtool's words; empty where all is as expected */
export function judgeRules(groups: readonly RuleGroup[], cases: readonly RuleCase[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'watchnext-rules-'));
  const write = (name: string, content: unknown) =>
    writeFileSync(join(directory, name), stringify(content, { aliasDuplicateObjects: false }));
  try {
    // Each beside its own rule only: promtool evaluates all that a file names, minute by minute.
    const files = [...new Set(cases.map(subjectOf))].map((subject, i) => {
      const rules = groups.map((group) => ({ ...group, rules: group.rules.filter(({ alert }) => alert === subject) }));
      write(`rules-${i}.yaml`, { groups: rules.filter((group) => group.rules.length > 0) });
      write(`tests-${i}.yaml`, {
        rule_files: [`rules-${i}.yaml`],
        evaluation_interval: '1m',
        tests: cases.filter((one) => subjectOf(one) === subject).map(testOf),
      });
      return `tests-${i}.yaml`;
    });
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', ...files], {
      cwd: directory,
      encoding: 'utf8',
    });
    return status === 0 ? '' : stdout + stderr;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const subjectOf = (one: RuleCase) => ('alert' in one ? one.alert : undefined);

function testOf(one: RuleCase) {
  const { stepMinutes = 1 } = one;
  const at = { eval_time: `${STEPS * stepMinutes}m` };
  return {
    interval: `${stepMinutes}m`,
    input_series: Object.entries(one.series).map(([series, values]) => ({ series, values })),
    ...('alert' in one
      ? {
          alert_rule_test: [
            {
              ...at,
              alertname: one.alert,
              exp_alerts: one.fires.map(({ labels, annotations }) => ({
                exp_labels: labels,
                exp_annotations: annotations,
              })),
            },
          ],
        }
      : { promql_expr_test: [{ ...at, expr: one.query, exp_samples: [{ labels: '{}', value: one.value }] }] }),
  };
}
