import { createRandom, type Random } from '@watchnext/learning';
import { estimateOffPolicy, type LoggedDraw } from './off-policy';

/** Three options whose mean rewards depend on the context; the logging policy prefers the first. */
const LOGGING = [0.7, 0.2, 0.1];
const TARGET = [0.1, 0.3, 0.6];
const rewardMean = (context: number, option: number) => 10 + 5 * option * context;
const TRUTH = TARGET.reduce((sum, p, option) => sum + p * (10 + 5 * option * 0.5), 0);

function draws(random: Random, users: number, predict?: (context: number, option: number) => number): LoggedDraw[] {
  return Array.from({ length: users }, (_, user) => {
    // A user's draws share a context and a mood: they are not independent.
    const [context, mood] = [random.next(), 4 * random.gaussian()];
    return Array.from({ length: 3 }, (): LoggedDraw => {
      const u = random.next();
      const option = u < LOGGING[0] ? 0 : u < LOGGING[0] + LOGGING[1] ? 1 : 2;
      return {
        userId: `u${user}`,
        propensity: LOGGING[option],
        targetProbability: TARGET[option],
        reward: rewardMean(context, option) + mood + random.gaussian(),
        ...(predict && {
          predicted: predict(context, option),
          predictedOfTarget: TARGET.reduce((sum, p, other) => sum + p * predict(context, other), 0),
        }),
      };
    });
  }).flat();
}

describe('off-policy estimates', () => {
  it('find the value of a policy that was never served, and cover it at their rate', () => {
    const random = createRandom(8);
    const names = ['inversePropensity', 'selfNormalised', 'doublyRobust'] as const;
    const covered = [0, 0, 0];
    const means = [0, 0, 0];
    const spreads = [0, 0, 0];
    const repeats = 150;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const estimate = estimateOffPolicy(draws(random, 200, rewardMean));
      names.forEach((name, index) => {
        const { value, interval95 } = estimate[name]!;
        means[index] += value / repeats;
        spreads[index] += (value - TRUTH) ** 2 / repeats;
        if (interval95.low <= TRUTH && TRUTH <= interval95.high) covered[index]++;
      });
      expect(estimate.meanWeight).toBeCloseTo(1, 0);
    }
    means.forEach((mean, index) =>
      expect(Math.abs(mean - TRUTH)).toBeLessThan(3.5 * Math.sqrt(spreads[index] / repeats)),
    );
    for (const count of covered)
      expect(count / repeats).toBeGreaterThan(0.95 - 3.1 * Math.sqrt((0.95 * 0.05) / repeats));
    // A right model takes variance away.
    expect(spreads[2]).toBeLessThan(spreads[0]);
  });

  it('stay right with a wrong model, as the propensities are right', () => {
    const random = createRandom(9);
    let mean = 0;
    for (let repeat = 0; repeat < 100; repeat++)
      mean += estimateOffPolicy(draws(random, 200, () => 100)).doublyRobust!.value / 100;
    expect(Math.abs(mean - TRUTH)).toBeLessThan(0.05 * TRUTH + 1);
  });

  it('of the logging policy itself are its mean reward', () => {
    const own = draws(createRandom(10), 200).map((draw) => ({ ...draw, targetProbability: draw.propensity }));
    const estimate = estimateOffPolicy(own);
    expect(estimate.effectiveDraws).toBeCloseTo(600, 6);
    expect(estimate.inversePropensity!.value).toBeCloseTo(estimate.logged.value, 9);
    expect(estimate.doublyRobust).toBeUndefined();
  });

  it('are refused where they rest on too few draws, and where one draw decides', () => {
    const few = estimateOffPolicy(draws(createRandom(11), 20));
    expect(few.refusal).toMatch(/effective sample size [\d.]+ is below 100/);
    expect(few.inversePropensity).toBeUndefined();
    const plain = { propensity: 0.5, targetProbability: 0.5, reward: 1 };
    const many = Array.from({ length: 4_000 }, (_, user) => ({ userId: `u${user}`, ...plain }));
    const one = { userId: 'rare', propensity: 0.001, targetProbability: 0.3, reward: 1 };
    expect(estimateOffPolicy([...many, one]).refusal).toMatch(/one user carries 7\.0% of the weight/);
    expect(estimateOffPolicy([]).refusal).toMatch(/below 100/);
  });

  it('are refused where few users bear them, whose errors would be those of nobody else', () => {
    const draw = { propensity: 0.5, targetProbability: 0.5 };
    const of = (users: number, each: (user: number) => number) =>
      Array.from({ length: users }, (_, user) =>
        Array.from({ length: each(user) }, (__, n): LoggedDraw => ({ ...draw, userId: `u${user}`, reward: n % 7 })),
      ).flat();
    const single = estimateOffPolicy(of(1, () => 400));
    expect(single.refusal).toMatch(/effectively 1\.0 users bear it, fewer than 30/);
    expect(single.logged.interval95).toEqual({ low: -Infinity, high: Infinity });
    expect(estimateOffPolicy(of(29, () => 20)).refusal).toMatch(/effectively 29\.0 users/);
    expect(estimateOffPolicy(of(100, (user) => (user < 5 ? 200 : 1))).refusal).toMatch(/effectively 6\.0 users/);
    expect(estimateOffPolicy(of(30, () => 20)).refusal).toBeUndefined();
  });

  it('cover the truth at their rate where just enough users bear them', () => {
    const random = createRandom(12);
    const repeats = 400;
    let [covered, answered] = [0, 0];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const own = draws(random, 40).map((one) => ({ ...one, targetProbability: one.propensity }));
      const { selfNormalised } = estimateOffPolicy(own);
      if (!selfNormalised) continue;
      answered++;
      const truth = LOGGING.reduce((sum, p, option) => sum + p * (10 + 5 * option * 0.5), 0);
      if (selfNormalised.interval95.low <= truth && truth <= selfNormalised.interval95.high) covered++;
    }
    expect(answered).toBe(repeats);
    expect(covered / answered).toBeGreaterThan(0.95 - 2 * Math.sqrt((0.95 * 0.05) / answered));
  });

  it('refuse probabilities that are none', () => {
    const draw = { userId: 'u', propensity: 0, targetProbability: 0.5, reward: 1 };
    expect(() => estimateOffPolicy([draw])).toThrow(RangeError);
    expect(() => estimateOffPolicy([{ ...draw, propensity: 1, targetProbability: NaN }])).toThrow(RangeError);
  });
});
