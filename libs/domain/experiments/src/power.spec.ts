import { createRandom } from '@watchnext/learning';
import { boundary, mixtureVariance, requiredInformation } from './always-valid';
import { alwaysValidPower, fixedPower, planDuration } from './power';

const [ALPHA, POWER, LIFT] = [0.05, 0.8, 0.05];
const planned = requiredInformation(LIFT, ALPHA, POWER);
const tauSquared = mixtureVariance(planned, ALPHA);
const daily = (days: number, information: number) =>
  Array.from({ length: days }, (_, day) => ((day + 1) / days) * information);

describe('power', () => {
  it('of one look is what the plan asked for, and alpha without a lift', () => {
    expect(fixedPower(LIFT, planned, ALPHA)).toBeCloseTo(POWER, 4);
    expect(fixedPower(0, planned, ALPHA)).toBeCloseTo(ALPHA, 10);
    // (1.96 + 0.8416)² = 7.849 standard errors squared.
    expect(planned * Math.log1p(LIFT) ** 2).toBeCloseTo(7.849, 3);
  });

  /** How many of `runs` had left zero out by each look. */
  function simulate(lift: number, informations: readonly number[], tauSquared: number, runs: number): number[] {
    const random = createRandom(7);
    const found = informations.map(() => 0);
    const steps = informations.map((information, day) => information - (informations[day - 1] ?? 0));
    const roots = steps.map(Math.sqrt);
    const limits = informations.map((information) => boundary(information, tauSquared, ALPHA) * Math.sqrt(information));
    for (let run = 0; run < runs; run++) {
      let [score, crossed] = [0, false];
      steps.forEach((step, day) => {
        score += Math.log1p(lift) * step + roots[day] * random.gaussian();
        crossed ||= score > limits[day] || score < -limits[day];
        if (crossed) found[day]++;
      });
    }
    return found;
  }

  it('of daily looks is what simulated runs find', () => {
    const informations = daily(28, 3 * planned);
    const promised = alwaysValidPower(LIFT, informations, ALPHA, tauSquared);
    const runs = 1_000;
    const found = simulate(LIFT, informations, tauSquared, runs);
    for (const day of [6, 13, 27]) {
      const error = Math.sqrt((promised[day] * (1 - promised[day])) / runs);
      expect(Math.abs(found[day] / runs - promised[day])).toBeLessThan(3.3 * error);
    }
    expect(promised.every((power, day) => day === 0 || power >= promised[day - 1] - 1e-9)).toBe(true);
    const withoutLift = alwaysValidPower(0, informations, ALPHA, tauSquared).at(-1)!;
    expect(withoutLift).toBeLessThan(ALPHA);
  });

  it.each([
    ['no longer', (day: number) => 1 - Math.exp(-day / 3)],
    ['not yet', (day: number) => (day < 10 ? 1e-6 * day : (day - 9) / 5)],
  ])('never falls while a day tells %s anything, and is what simulated runs find', (_, part) => {
    const [lift, runs] = [0.02, 4_000];
    const needed = requiredInformation(lift, ALPHA, POWER);
    const tau = mixtureVariance(needed, ALPHA);
    const informations = Array.from({ length: 28 }, (__, day) => 0.5 * needed * part(day + 1));
    const promised = planDuration(lift, informations, {
      alpha: ALPHA,
      tauSquared: tau,
      power: POWER,
    }).alwaysValidPowers;
    promised.forEach((power, day) => {
      expect(power).toBeGreaterThanOrEqual(day === 0 ? 0 : promised[day - 1]);
      expect(power).toBeLessThanOrEqual(1);
    });
    const found = simulate(lift, informations, tau, runs);
    for (const day of [4, 13, 20, 27]) {
      const error = Math.sqrt(Math.max(promised[day] * (1 - promised[day]), 1 / runs) / runs);
      expect(Math.abs(found[day] / runs - promised[day])).toBeLessThan(3.3 * error);
    }
  });

  it('says how many days it takes, and which lift the days at hand could find', () => {
    const plan = planDuration(LIFT, daily(28, 2 * planned), { alpha: ALPHA, tauSquared, power: POWER });
    expect(plan.fixedDays).toBe(14);
    expect(plan.alwaysValidDays).toBeGreaterThan(14);
    expect(plan.alwaysValidDays).toBeLessThan(28);
    expect(plan.smallestLift).toBeCloseTo(Math.expm1(Math.log1p(LIFT) / Math.SQRT2), 6);
    const short = planDuration(LIFT, daily(7, planned / 4), { alpha: ALPHA, tauSquared, power: POWER });
    expect([short.fixedDays, short.alwaysValidDays]).toEqual([undefined, undefined]);
  });

  it('is planned with the boundary that will be looked at, whatever lift is asked about', () => {
    const informations = daily(28, 2 * planned);
    const { alwaysValidPowers } = planDuration(2 * LIFT, informations, { alpha: ALPHA, tauSquared, power: POWER });
    expect(alwaysValidPowers).toEqual(alwaysValidPower(2 * LIFT, informations, ALPHA, tauSquared));
  });
});
