import { createRandom, type Random } from '@watchnext/learning';
import { experimentOf } from '../test/builders';
import { cohortResults, metricResult, testSettings, verdictOf, VERDICTS } from './analysis';
import { USER_NUMBERS } from './metrics';
import { Moments, type UserNumbers } from './moments';

const experiment = experimentOf({
  minimumLift: 0.1,
  guardrails: [
    { metric: 'latencyMs', mostHarm: 0.05 },
    { metric: 'degradedShare', mostHarm: 0.01 },
  ],
});
const none = Object.fromEntries(USER_NUMBERS.map((name) => [name, 0])) as UserNumbers;

function arm(random: Random, size: number, { lift = 0, latencyMs = 50, degraded = 0 } = {}): Moments {
  const moments = new Moments();
  for (let user = 0; user < size; user++) {
    const watchSeconds = 100 * Math.exp(0.5 * random.gaussian()) * (1 + lift);
    moments.add({
      ...none,
      watchSeconds,
      lists: 5,
      impressions: 50,
      latencyMs: 5 * (latencyMs + 5 * random.gaussian()),
      degradedLists: random.next() < degraded ? 1 : 0,
    });
  }
  return moments;
}

function verdict(treatment: Parameters<typeof arm>[2], { size = 1_500, isOver = false } = {}) {
  const random = createRandom(13);
  const days = [{ control: arm(random, size), treatment: arm(random, size, treatment) }];
  const settings = testSettings(experiment);
  const results = (['watchSecondsPerUser', 'latencyMs', 'degradedShare'] as const).map((name) =>
    metricResult(name, days, experiment, settings),
  );
  return { verdict: verdictOf(results, isOver), results };
}

describe('a verdict', () => {
  it.each([
    ['ship', { lift: 0.15 }, {}],
    ['worse', { lift: -0.15 }, {}],
    ['go-on', {}, {}],
    ['no-difference', {}, { isOver: true }],
    ['harmful', { lift: 0.15, latencyMs: 70 }, {}],
    ['harmful', { lift: 0.15, degraded: 0.2 }, {}],
    ['better-guardrails-open', { lift: 0.15, latencyMs: 52.4 }, {}],
    ['ended-guardrails-open', { lift: 0.15, latencyMs: 52.4 }, { isOver: true }],
    ['too-early', {}, { size: 1 }],
  ])('is %s for %j', (expected, treatment, options) => {
    expect(verdict(treatment, options).verdict).toBe(expected);
  });

  it('tells nobody to go on with what has ended', () => {
    const ended = [{}, { lift: 0.15 }, { lift: -0.15 }, { lift: 0.15, latencyMs: 52.4 }].map(
      (treatment) => VERDICTS[verdict(treatment, { isOver: true }).verdict],
    );
    expect(ended.join()).not.toMatch(/go on/);
  });

  it('takes lower latency for better, and nothing degraded in both for a guardrail that holds', () => {
    const { results } = verdict({ latencyMs: 40 });
    expect(results.map(({ role, state, guardrail }) => [role, state, guardrail])).toEqual([
      ['primary', 'open', undefined],
      ['guardrail', 'better', 'held'],
      ['guardrail', 'open', 'held'],
    ]);
  });
});

describe('few events', () => {
  it('are not judged: a difference of one dismissal against seven says nothing yet', () => {
    const [control, treatment] = [new Moments(), new Moments()];
    for (let user = 0; user < 400; user++) {
      control.add({ ...none, impressions: 50, dismissals: user < 1 ? 1 : 0 });
      treatment.add({ ...none, impressions: 50, dismissals: user < 7 ? 1 : 0 });
    }
    const result = metricResult(
      'dismissalsPerImpression',
      [{ control, treatment }],
      experiment,
      testSettings(experiment),
    );
    expect(result).toMatchObject({ state: 'open', p: 1 });
    expect(result.looks[0]).toMatchObject({ fixedInterval: { low: -Infinity, high: Infinity }, fixedP: NaN });
    expect(result.looks[0].lift).toBeCloseTo(6, 9);
  });
});

describe('a treatment that all but ends watching', () => {
  const watching = (watches: number, latencyMs: number) => {
    const moments = new Moments();
    for (let user = 0; user < 50_000; user++) {
      const own =
        Math.floor(watches / 50_000) + (user < watches % 50_000 ? 1 : 0) + (watches > 50_000 ? (user % 2) - 0.5 : 0);
      moments.add({ ...none, watches: own, watchSeconds: 60 * own, lists: 5, latencyMs: 5 * latencyMs + (user % 7) });
    }
    return moments;
  };
  const resultsOf = (control: Moments, treatment: Moments) =>
    (['watchSecondsPerUser', 'latencyMs'] as const).map((name) =>
      metricResult(name, [{ control, treatment }], experiment, testSettings(experiment)),
    );

  it.each([10, 1, 0])('is worse, of %d watches against 100,000', (watches) => {
    const results = resultsOf(watching(100_000, 50), watching(watches, 50));
    expect(verdictOf(results, false)).toBe('worse');
    expect(results[0].looks[0].alwaysValidInterval.high).toBeLessThan(-0.9);
  });

  it('is harmful where a guardrail is broken, though the primary metric has too few events', () => {
    const results = resultsOf(watching(3, 50), watching(5, 90));
    expect(results[0].looks[0].fixedP).toBeNaN();
    expect(verdictOf(results, false)).toBe('harmful');
  });
});

describe('cohorts', () => {
  it('are corrected for their number: an effect must be clearer to count among many', () => {
    const random = createRandom(14);
    const cohorts = Array.from({ length: 20 }, (_, index) => ({
      dimension: 'country',
      cohort: `c${index}`,
      control: arm(random, 200),
      treatment: arm(random, 200, { lift: index === 3 ? 0.5 : 0 }),
    }));
    const results = cohortResults(cohorts, experiment, 1);
    expect(results.filter(({ state }) => state !== 'open').map(({ cohort }) => cohort)).toEqual(['c3']);
    const [alone] = cohortResults(cohorts.slice(3, 4), experiment, 1);
    const among = results[3];
    expect(among.correctedP).toBeGreaterThan(alone.correctedP);
    expect(among.look.alwaysValidInterval.low).toBeLessThan(alone.look.alwaysValidInterval.low);
  });

  it('leave out those with nobody to compare', () => {
    const random = createRandom(15);
    const lonely = { dimension: 'country', cohort: 'XX', control: arm(random, 1), treatment: arm(random, 1) };
    expect(cohortResults([lonely], experiment, 1)).toEqual([]);
  });
});
