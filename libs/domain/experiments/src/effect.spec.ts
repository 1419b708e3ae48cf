import { createRandom, type Random } from '@watchnext/learning';
import { estimateEffect } from './effect';
import { metricOf, USER_NUMBERS } from './metrics';
import { Moments, type UserNumbers } from './moments';

const perUser = metricOf('watchSecondsPerUser');
const perImpression = metricOf('watchSecondsPerImpression');
const none = Object.fromEntries(USER_NUMBERS.map((name) => [name, 0])) as UserNumbers;
const { exp, sqrt } = Math;

/** A viewer whose past tells of the future, and who sees more lists the more they watch. */
function viewer(random: Random, lift = 0): UserNumbers {
  const taste = exp(0.5 * random.gaussian());
  const impressions = 10 * (1 + random.nextInt(4));
  const watchSeconds = taste * impressions * exp(0.3 * random.gaussian()) * (1 + lift);
  return {
    ...none,
    covariate: 40 * taste * exp(0.2 * random.gaussian()),
    impressions,
    lists: impressions / 10,
    watchSeconds,
    attributedWatchSeconds: watchSeconds,
  };
}

function arm(random: Random, size: number, lift = 0): { moments: Moments; users: UserNumbers[] } {
  const users = Array.from({ length: size }, () => viewer(random, lift));
  const moments = new Moments();
  for (const user of users) moments.add(user);
  return { moments, users };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('moments', () => {
  it('give means, variances and covariances, and add up', () => {
    const random = createRandom(1);
    const { moments, users } = arm(random, 500);
    const watched = users.map((user) => user.watchSeconds);
    const centre = mean(watched);
    expect(moments.mean('watchSeconds')).toBeCloseTo(centre, 9);
    expect(moments.variance('watchSeconds')).toBeCloseTo((mean(watched.map((w) => (w - centre) ** 2)) * 500) / 499, 6);
    const halves = [users.slice(0, 200), users.slice(200)].map((part) => {
      const own = new Moments();
      for (const user of part) own.add(user);
      return own;
    });
    const joined = halves[0].copy().addAll(halves[1]);
    expect(joined.covariance('watchSeconds', 'covariate')).toBeCloseTo(
      moments.covariance('watchSeconds', 'covariate'),
      6,
    );
    joined.add(users[0], -1);
    expect(joined.userCount).toBe(499);
  });
});

describe('an effect', () => {
  it('of a mean per user is the difference of means, with its standard error', () => {
    const random = createRandom(2);
    const [control, treatment] = [arm(random, 400), arm(random, 300, 0.1)];
    const effect = estimateEffect(control.moments, treatment.moments, perUser, { adjust: false });
    const means = [control, treatment].map(({ users }) => mean(users.map((user) => user.watchSeconds)));
    expect(effect.difference).toBeCloseTo(means[1] - means[0], 9);
    expect(effect.logRatio).toBeCloseTo(Math.log(means[1] / means[0]), 9);
    const variance = [control, treatment].reduce(
      (sum, { moments, users }) => sum + moments.variance('watchSeconds') / users.length,
      0,
    );
    expect(effect.differenceError).toBeCloseTo(sqrt(variance), 9);
  });

  it('of a ratio has the error that repeating the experiment shows, not that of independent impressions', () => {
    const random = createRandom(3);
    const ratios: number[] = [];
    let errors = 0;
    for (let repeat = 0; repeat < 300; repeat++) {
      const effect = estimateEffect(arm(random, 150).moments, arm(random, 150).moments, perImpression, {
        adjust: false,
      });
      ratios.push(effect.logRatio);
      errors += effect.logRatioError / 300;
    }
    const spread = sqrt(mean(ratios.map((ratio) => ratio ** 2)));
    expect(mean(ratios)).toBeCloseTo(0, 1);
    expect(errors / spread).toBeGreaterThan(0.9);
    expect(errors / spread).toBeLessThan(1.1);
  });

  it('is estimated more sharply with the time before the start, and no less rightly', () => {
    const random = createRandom(4);
    const truth = Math.log(1.1);
    for (const metric of [perUser, perImpression]) {
      const repeats = Array.from({ length: 200 }, () => {
        const [control, treatment] = [arm(random, 150).moments, arm(random, 150, 0.1).moments];
        return [false, true].map((adjust) => estimateEffect(control, treatment, metric, { adjust }));
      });
      const [plain, adjusted] = [0, 1].map((index) => {
        const errors = repeats.map((pair) => pair[index].logRatio - truth);
        return { bias: mean(errors), spread: sqrt(mean(errors.map((error) => error ** 2))) };
      });
      expect(Math.abs(adjusted.bias)).toBeLessThan(3 * (adjusted.spread / sqrt(200)));
      expect(mean(repeats.map(([, one]) => one.logRatioError)) / adjusted.spread).toBeCloseTo(1, 0);
      const promised = mean(repeats.map(([, one]) => one.varianceReduction));
      expect(promised).toBeGreaterThan(0.2);
      const reached = 1 - (adjusted.spread / plain.spread) ** 2;
      expect(Math.abs(reached - promised)).toBeLessThan(0.15);
    }
  });

  it('has no ratio where the control has nothing', () => {
    const [control, treatment] = [new Moments(), new Moments()];
    for (let user = 0; user < 10; user++) {
      control.add({ ...none, lists: 1 });
      treatment.add({ ...none, lists: 1, degradedLists: user % 2 });
    }
    const effect = estimateEffect(control, treatment, metricOf('degradedShare'));
    expect(effect).toMatchObject({ logRatio: NaN, difference: 0.5 });
    expect(effect.differenceError).toBeGreaterThan(0);
  });
});
