/** Every analysis of a canary tells a bad version from a good one, and neither where there is too little to judge by. */
import { describeUnlessMissing } from '@watchnext/testing';
import { missingForManifests } from '../src';
import { built } from './built';
import { judgeRules, missingForRules, type RuleCase, type Series } from './promtool';

type Phase = 'successful' | 'failed' | 'inconclusive';

const CANARY = 'rollouts_pod_template_hash="new"';
const STABLE = 'rollouts_pod_template_hash="old"';
/** A counter that grows by so much a minute, for an hour. */
const growing = (perMinute: number) => `0+${perMinute}x60`;

const series = (name: string, labels: string, values: string): Series => ({ [`${name}{${labels}}`]: values });
const lists = (version: string, status: number, perMinute: number) =>
  series(
    'watchnext_http_requests_total',
    `route="/v1/users/:id/recommendations",status="${status}",${version}`,
    growing(perMinute),
  );
const answers = (version: string, perMinute: number) =>
  series('watchnext_gateway_answers_total', `rung="full",${version}`, growing(perMinute));
const failures = (stage: string, category: string, version: string, perMinute: number) =>
  series(
    'watchnext_gateway_stage_failures_total',
    `stage="${stage}",category="${category}",${version}`,
    growing(perMinute),
  );
const latencies = (version: string, perMinute: number, inTime: number): Series => ({
  ...series('watchnext_gateway_request_seconds_bucket', `le="0.4",${version}`, growing(inTime)),
  ...series('watchnext_gateway_request_seconds_count', version, growing(perMinute)),
});
const calls = (job: string, code: string, version: string, perMinute: number) =>
  series('watchnext_rpc_requests_total', `job="${job}",code="${code}",${version}`, growing(perMinute));

const failedCalls = (job: string): [string, Phase, Series][] => [
  ['all calls are answered', 'successful', calls(job, 'OK', CANARY, 50)],
  ['every call is INTERNAL', 'failed', calls(job, 'INTERNAL', CANARY, 50)],
  ['some are UNAVAILABLE', 'failed', { ...calls(job, 'OK', CANARY, 50), ...calls(job, 'UNAVAILABLE', CANARY, 5) }],
  ['some callers went away', 'successful', { ...calls(job, 'OK', CANARY, 50), ...calls(job, 'CANCELLED', CANARY, 5) }],
  ['the old version fails', 'successful', { ...calls(job, 'OK', CANARY, 50), ...calls(job, 'INTERNAL', STABLE, 50) }],
  ['only the old one is called', 'inconclusive', calls(job, 'OK', STABLE, 50)],
  ['hardly anybody calls', 'inconclusive', calls(job, 'INTERNAL', CANARY, 1)],
];
const counted = (name: string): [string, Phase, Series][] => [
  ['it stays', 'successful', series(name, CANARY, '7x60')],
  ['it grows', 'failed', series(name, CANARY, growing(1))],
  [
    'that of the old version grows',
    'successful',
    { ...series(name, CANARY, '0x60'), ...series(name, STABLE, growing(1)) },
  ],
];

/** By template and metric. */
const CASES: Record<string, [when: string, Phase, Series][]> = {
  'gateway-answers failed-requests': [
    ['all lists are answered', 'successful', lists(CANARY, 200, 50)],
    ['every list is answered with 500', 'failed', lists(CANARY, 500, 50)],
    ['2% are', 'failed', { ...lists(CANARY, 200, 98), ...lists(CANARY, 500, 2) }],
    ['requests are at fault', 'successful', { ...lists(CANARY, 200, 50), ...lists(CANARY, 400, 50) }],
    ['the old version fails', 'successful', { ...lists(CANARY, 200, 50), ...lists(STABLE, 500, 50) }],
    ['only the old version is asked', 'inconclusive', lists(STABLE, 200, 50)],
    ['hardly anybody asks', 'inconclusive', lists(CANARY, 500, 1)],
  ],
  'gateway-answers degraded-lists': [
    ['no stage fails', 'successful', answers(CANARY, 50)],
    ['ranking fails', 'failed', { ...answers(CANARY, 50), ...failures('rank', 'dependency-late', CANARY, 5) }],
    ['an experiment goes without', 'successful', { ...answers(CANARY, 50), ...failures('rank', 'chosen', CANARY, 25) }],
    ['there are no lists', 'inconclusive', failures('rank', 'programmer', CANARY, 50)],
  ],
  'gateway-answers slow-lists': [
    ['all are in time', 'successful', latencies(CANARY, 50, 50)],
    ['4% are not', 'failed', latencies(CANARY, 50, 48)],
    ['there are no lists', 'inconclusive', latencies(STABLE, 50, 50)],
  ],
  'gateway-answers unlogged-impressions': counted('watchnext_gateway_unlogged_impressions_total'),
  'retrieval-searches failed-calls': failedCalls('retrieval'),
  'retrieval-searches recall-at-100': [
    ['it is high', 'successful', series('watchnext_retrieval_index_recall_at_100', CANARY, '0.97x60')],
    ['it is low', 'failed', series('watchnext_retrieval_index_recall_at_100', CANARY, '0.85x60')],
    ['none was measured', 'inconclusive', series('watchnext_retrieval_index_recall_at_100', CANARY, 'NaN '.repeat(61))],
  ],
  'retrieval-searches refused-searches': counted('watchnext_retrieval_refused_searches_total'),
  'ranked-lists failed-calls': failedCalls('ranking'),
  'ranked-lists degraded-lists': [
    ['no stage fails', 'successful', answers(STABLE, 50)],
    ['ranking fails', 'failed', { ...answers(STABLE, 50), ...failures('rank', 'dependency-failed', STABLE, 5) }],
    ['there are no lists', 'inconclusive', answers(STABLE, 1)],
  ],
};

describeUnlessMissing([...missingForManifests(), ...missingForRules()], 'analyses of canaries', () => {
  interface Metric {
    readonly query: string;
    readonly success: string;
    readonly failure: string;
    readonly inconclusiveLimit: number;
  }
  let metrics: Map<string, Metric>;
  beforeAll(() => {
    const templates = built('overlays/canary').filter(({ kind }) => kind === 'AnalysisTemplate');
    metrics = new Map(
      templates.flatMap(({ metadata, spec }) =>
        // eslint-disable-next-line @typescript-eslint/no-explicit-any
        spec.metrics.map((one: any): [string, Metric] => [
          `${metadata.name} ${one.name}`,
          {
            query: one.provider.prometheus.query.replaceAll('{{args.canary-hash}}', 'new').trim(),
            success: comparisonOf(one.successCondition),
            failure: comparisonOf(one.failureCondition),
            inconclusiveLimit: one.inconclusiveLimit,
          },
        ]),
      ),
    );
  });

  /** Both conditions, as Argo asks them of the one number that the query gives: inconclusive is what neither holds for. */
  const judged = (name: string, when: string, phase: Phase, given: Series): RuleCase[] => {
    const { query, success, failure } = metrics.get(name) as Metric;
    const asked = (comparison: string, wanted: Phase) => ({
      series: given,
      // With a comment, by which promtool says what went wrong.
      query: `(${query}) ${comparison} # ${name}, when ${when}`,
      value: Number(phase === wanted),
    });
    return [asked(success, 'successful'), asked(failure, 'failed')];
  };

  it('have cases each', () => {
    expect(Object.keys(CASES).sort()).toEqual([...metrics.keys()].sort());
  });

  it('judge as they should', () => {
    const cases = Object.entries(CASES).flatMap(([name, all]) =>
      all.flatMap(([when, phase, given]) => judged(name, when, phase, given)),
    );
    expect(judgeRules([], cases)).toBe('');
  });

  it('are inconclusive where Prometheus has nothing, and stop the rollout then', () => {
    const cases = [...metrics.keys()].flatMap((name) => judged(name, 'there is nothing', 'inconclusive', {}));
    expect(judgeRules([], cases)).toBe('');
    // Less than the minutes of one step.
    for (const [name, { inconclusiveLimit }] of metrics)
      expect([name, inconclusiveLimit >= 0 && inconclusiveLimit < 8]).toEqual([name, true]);
  });

  it('are judged: another verdict is told', () => {
    const wrong = judged('gateway-answers failed-requests', 'all is well', 'failed', lists(CANARY, 200, 50));
    expect(judgeRules([], wrong)).toContain('when all is well');
  });
});

/** As PromQL. @throws Error for a condition that is no comparison of the one number */
function comparisonOf(condition: string): string {
  const [, operator, bound] = /^result\[0\] ([<>]=?) ([\d.]+)$/.exec(condition) ?? [];
  if (operator === undefined) throw new Error(`not read here: ${condition}`);
  return `${operator} bool ${bound}`;
}
