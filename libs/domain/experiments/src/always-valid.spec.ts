import { createRandom } from '@watchnext/learning';
import { alwaysValidP, boundary, mixtureVariance, requiredInformation } from './always-valid';
import { normalQuantile } from './distributions';

const { sqrt, abs } = Math;
const ALPHA = 0.05;
const planned = requiredInformation(0.05, ALPHA, 0.8);
const tauSquared = mixtureVariance(planned, ALPHA);

/** Wide enough for what a share of `runs` does by chance, but for one test in a thousand. */
const slack = (share: number, runs: number) => 3.1 * sqrt((share * (1 - share)) / runs);

/** Runs of a score that gathers information evenly, looked at after each of `looks` days. */
function runs(
  count: number,
  looks: number,
  drift: number,
  visit: (z: number, look: { information: number; limit: number }, run: number) => void,
) {
  const random = createRandom(11);
  const gained = planned / 14;
  const step = sqrt(gained);
  const schedule = Array.from({ length: looks }, (_, look) => {
    const information = (look + 1) * gained;
    return { information, root: sqrt(information), limit: boundary(information, tauSquared, ALPHA) };
  });
  for (let run = 0; run < count; run++) {
    let score = 0;
    for (const look of schedule) {
      score += drift * gained + step * random.gaussian();
      visit(score / look.root, look, run);
    }
  }
}

describe('always-valid intervals', () => {
  it('keep the error of peeking at every one of a hundred days, where a fixed interval does not', () => {
    const [valid, fixed] = [new Set<number>(), new Set<number>()];
    const once = normalQuantile(1 - ALPHA / 2);
    runs(1_000, 100, 0, (z, { limit }, run) => {
      if (z > limit || z < -limit) valid.add(run);
      if (z > once || z < -once) fixed.add(run);
    });
    expect(valid.size / 1_000).toBeLessThan(ALPHA + slack(ALPHA, 1_000));
    expect(fixed.size / 1_000).toBeGreaterThan(0.3);
  });

  it('spend nearly all of the error in the long run: they are not wider than they must be', () => {
    const missed = new Set<number>();
    runs(200, 1_000, 0, (z, { limit }, run) => {
      if (z > limit || z < -limit) missed.add(run);
    });
    expect(missed.size / 200).toBeGreaterThan(0.01);
    expect(missed.size / 200).toBeLessThan(ALPHA + slack(ALPHA, 200));
  });

  it('cover the truth at all looks together, whatever the truth is', () => {
    const drift = 0.05;
    const missed = new Set<number>();
    runs(1_000, 60, drift, (z, { information, limit }, run) => {
      if (abs(z - drift * sqrt(information)) > limit) missed.add(run);
    });
    expect(missed.size / 1_000).toBeLessThan(ALPHA + slack(ALPHA, 1_000));
  });

  it('agree with their p-values: p < α exactly outside the boundary', () => {
    for (const information of [planned / 50, planned, 20 * planned]) {
      const limit = boundary(information, tauSquared, ALPHA);
      expect(alwaysValidP(limit, information, tauSquared)).toBeCloseTo(ALPHA, 12);
      expect(alwaysValidP(limit * 1.01, information, tauSquared)).toBeLessThan(ALPHA);
      expect(alwaysValidP(0, information, tauSquared)).toBe(1);
    }
  });

  it('are about narrowest where the plan says, for any other mixture variance is wider there', () => {
    const at = boundary(planned, tauSquared, ALPHA);
    for (const factor of [0.2, 0.5, 2, 5])
      expect(boundary(planned, factor * tauSquared, ALPHA)).toBeGreaterThan(at * 0.9999);
    expect(at / normalQuantile(1 - ALPHA / 2)).toBeLessThan(1.65);
  });
});
