import { createRandom, type Random } from '@watchnext/learning';
import { experimentOf } from '../test/builders';
import { cohortResults, look, metricResult, metricResults, testSettings, verdictOf, VERDICTS } from './analysis';
import { type MetricName, metricOf, USER_NUMBERS } from './metrics';
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
    ['too-early', { lift: 5 }, { size: 29 }],
    ['better-guardrails-open', { lift: 5 }, { size: 400 }],
    ['ship', { lift: 5 }, { size: 500 }],
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

const armOf = (size: number, numbersOf: (user: number) => Partial<UserNumbers>): Moments => {
  const moments = new Moments();
  for (let user = 0; user < size; user++) moments.add({ ...none, ...numbersOf(user) });
  return moments;
};
const resultOf = (name: MetricName, control: Moments, treatment: Moments, of = experiment) =>
  metricResult(name, [{ control, treatment }], of, testSettings(of));

describe('metrics that decide nothing', () => {
  it('are called better only where they are so for all of them at once', () => {
    const stateWith = (lift: number) => {
      const random = createRandom(17);
      const [control, treatment] = [0, lift].map((own) =>
        armOf(2_000, () => ({ watchSeconds: 100 + random.gaussian(), lists: (3 + random.gaussian()) * (1 + own) })),
      );
      const alone = resultOf('listsPerUser', control, treatment);
      const [among] = metricResults([{ control, treatment }], experiment, testSettings(experiment)).filter(
        ({ metric }) => metric === 'listsPerUser',
      );
      return { p: alone.p, states: [alone.state, among.state] };
    };
    const doubtful = stateWith(0.028);
    // Of the eight metrics one is the primary and two are guardrails.
    expect(doubtful.p).toBeGreaterThan(0.05 / 5);
    expect(doubtful).toMatchObject({ states: ['better', 'open'] });
    expect(stateWith(0.1)).toMatchObject({ states: ['better', 'better'] });
  });
});

describe('users who are all alike', () => {
  it.each([2, 1_000])('tell nothing, though one variant has twice the lists of the other: %d users', (size) => {
    const one = experimentOf({ primaryMetric: 'listsPerUser' });
    const result = resultOf(
      'listsPerUser',
      armOf(size, () => ({ lists: 1 })),
      armOf(size, () => ({ lists: 2 })),
      one,
    );
    expect(result).toMatchObject({ state: 'open', p: 1 });
    expect(verdictOf([result], false)).toBe('too-early');
  });

  it('break no guardrail, as by what two users of each variant waited', () => {
    const [control, treatment] = [20, 25].map((latencyMs) => armOf(2, () => ({ lists: 1, latencyMs })));
    expect(resultOf('latencyMs', control, treatment).guardrail).toBe('open');
  });

  it('of one variant are taken to vary as those of the other: no event among few is not worse than one in a hundred', () => {
    const control = armOf(5_000, (user) => ({ impressions: 50, dismissals: user % 100 === 0 ? 1 : 0 }));
    const treatment = armOf(250, () => ({ impressions: 50 }));
    expect(resultOf('dismissalsPerImpression', control, treatment).state).toBe('open');
    const [many, nobody] = [100, Infinity].map((every) =>
      armOf(20_000, (user) => ({ impressions: 50, dismissals: user % every === 0 && user > 0 ? 1 : 0 })),
    );
    expect(resultOf('dismissalsPerImpression', many, nobody).state).toBe('better');
  });

  describe('of whom none has seen something', () => {
    const never = (size: number, isHeavy: (user: number) => boolean = () => false) =>
      armOf(size, (user) => ({ lists: isHeavy(user) ? 25 : 1, latencyMs: 100, impressions: 50 }));
    const guardrailOf = (...arms: [Moments, Moments]) => resultOf('degradedShare', ...arms).guardrail;

    it('hold its guardrail by the rule of three, with one heavy user more than came', () => {
      // ln(2 / 0.05) / 0.01 = 369 users of equal weight, or 498 in each arm with one of twenty times the weight among them.
      expect(guardrailOf(never(497), never(497))).toBe('open');
      expect(guardrailOf(never(498), never(498))).toBe('held');
      expect(guardrailOf(never(500_000), never(369))).toBe('open');
      expect(guardrailOf(never(500_000), never(370))).toBe('held');
      const watches = experimentOf({ guardrails: [{ metric: 'watchesPerUser', mostHarm: 0.5 }] });
      expect(resultOf('watchesPerUser', never(5_000), never(5_000), watches).guardrail).toBe('open');
    });

    it('hold it later where they weigh unequally, as either arm shows', () => {
      const someHeavy = (size: number) => never(size, (user) => user % 250 === 0);
      for (const [control, treatment] of [
        [someHeavy(1_000), someHeavy(1_000)],
        [never(1_000), someHeavy(1_000)],
        [someHeavy(1_000), never(600)],
      ] as const)
        expect(guardrailOf(control, treatment)).toBe('open');
      expect(guardrailOf(someHeavy(1_250), someHeavy(1_250))).toBe('held');
    });

    it.each([300, 400, 500, 600, 900, 1_500])(
      'hold it wrongly in at most 2.5% of experiments of %d users each, where a treatment degrades all lists of the heaviest',
      (size) => {
        const random = createRandom(18);
        const runs = 400;
        let heldCount = 0;
        for (let run = 0; run < runs; run++) {
          // One in 250 makes 25 times the lists of others, 9.1% of all.
          const [control, treatment] = [new Moments(), new Moments()];
          for (const moments of [control, treatment])
            for (let user = 0; user < size; user++) {
              const isHeavy = random.next() < 0.004;
              const lists = isHeavy ? 25 : 1;
              moments.add({ ...none, lists, degradedLists: isHeavy && moments === treatment ? lists : 0 });
            }
          if (guardrailOf(control, treatment) === 'held') heldCount++;
        }
        expect(heldCount / runs).toBeLessThanOrEqual(0.025);
      },
    );
  });
});

describe('two variants that are the same', () => {
  it.each([1, 3])(
    'differ at any of 40 daily looks in fewer than 5% of experiments with %d users a day each',
    (aDay) => {
      const random = createRandom(16);
      const settings = testSettings({ alpha: 0.05, power: 0.8, minimumLift: 0.5 });
      const metric = metricOf('listsPerUser');
      let alarms = 0;
      for (let run = 0; run < 200; run++) {
        const [control, treatment] = [new Moments(), new Moments()];
        let alarmed = false;
        for (let day = 0; day < 40 && !alarmed; day++) {
          for (let user = 0; user < aDay; user++)
            for (const one of [control, treatment])
              one.add({ ...none, lists: 1 + random.nextInt(2) * random.nextInt(3) });
          const { low, high } = look(control, treatment, metric, settings).alwaysValidInterval;
          alarmed = low > 0 || high < 0;
        }
        if (alarmed) alarms++;
      }
      expect(alarms / 200).toBeLessThanOrEqual(0.05);
    },
  );
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
