/** Every alert fires for what it is for, with the words that people read, and is silent for what it must not wake anybody for. */
import { describeUnlessMissing } from '@watchnext/testing';
import { missingForManifests } from '../src';
import { type AlertCase, CASES } from './alert-cases';
import { built } from './built';
import { judgeRules, missingForRules, type RuleCase } from './promtool';

interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

describeUnlessMissing([...missingForManifests(), ...missingForRules()], 'alerts', () => {
  let groups: { rules: Rule[] }[];
  let rules: Map<string, Rule>;
  beforeAll(() => {
    groups = built('overlays/canary').flatMap(({ kind, spec }) => (kind === 'PrometheusRule' ? spec.groups : []));
    rules = new Map(groups.flatMap((group) => group.rules.map((rule) => [rule.alert, rule])));
  });

  const casesOf = (alert: string) => [CASES[alert] ?? []].flat();
  const firing = (alert: string, { fires, labels = {}, summary, stepMinutes }: AlertCase): RuleCase => ({
    series: fires,
    stepMinutes,
    alert,
    fires: [
      {
        labels: { ...rules.get(alert)?.labels, ...labels },
        annotations: { ...rules.get(alert)?.annotations, summary },
      },
    ],
  });

  it('have a case each', () => {
    expect(Object.keys(CASES).sort()).toEqual([...rules.keys()].sort());
  });

  it('fire for what they are for, and say so', () => {
    const cases = Object.keys(CASES).flatMap((alert) => casesOf(alert).map((one) => firing(alert, one)));
    expect(cases.length).toBeGreaterThan(rules.size);
    expect(judgeRules(groups, cases)).toBe('');
  });

  it('are silent for what they are not for, and where there is nothing', () => {
    const cases = Object.keys(CASES).flatMap((alert): RuleCase[] => {
      const silent = casesOf(alert).flatMap(({ silent, stepMinutes }) =>
        silent.map((series) => ({ series, stepMinutes })),
      );
      const nothing = /(TargetMissing|Unseen)$/.test(alert) ? [] : [{ series: {} }];
      return [...silent, ...nothing].map((one) => ({ ...one, alert, fires: [] }));
    });
    expect(judgeRules(groups, cases)).toBe('');
  });

  it('are judged: what comes otherwise is told', () => {
    const [one] = casesOf('WatchNextRecallLow');
    const wrong = { ...(one as AlertCase), summary: 'The index is well.' };
    expect(judgeRules(groups, [firing('WatchNextRecallLow', wrong)])).toContain('The index is well.');
  });
});
