import { meanOverSeeds } from '@watchnext/evaluation';
import { createRandom } from '@watchnext/learning';
import type { UserRows } from './units';
import { compareRows, judge, overUsersAndSeeds } from './verdict';

/** Hits of 200 users, of two queries each. */
const rows = (hits: (user: number) => number): UserRows =>
  Array.from({ length: 200 }, (_, user) => [`user-${user}`, hits(user), 2] as const);
const half = rows((user) => user % 2);
const more = rows((user) => (user % 4 === 0 ? 2 : user % 2));
const compare = (better: UserRows[], worse: UserRows[], lowerIsBetter = false) =>
  compareRows(better, worse, lowerIsBetter, createRandom(1));

describe('a comparison', () => {
  it('holds where every seed and the users agree', () => {
    const { gain, verdict, acrossSeeds95 } = compare([more, more, more], [half, half, half]);
    expect(gain).toBeCloseTo(0.25, 12);
    expect(acrossSeeds95).toEqual([0.25, 0.25]);
    expect(verdict).toBe('holds');
  });

  it('turns round for a loss', () => {
    expect(compare([more, more], [half, half], true).verdict).toBe('does not hold');
    expect(compare([half, half], [more, more], true)).toMatchObject({
      gain: expect.closeTo(0.25, 12),
      verdict: 'holds',
    });
  });

  it('cannot be told where there is no difference', () => {
    expect(compare([half, half], [half, half]).verdict).toBe('cannot be told');
  });

  it('cannot be told where seeds disagree, however many users there are', () => {
    const { interval95, acrossSeeds95, verdict } = compare([more, half, more], [half, more, half]);
    expect(interval95[0]).toBeGreaterThan(0);
    expect(acrossSeeds95![0]).toBeLessThan(0);
    expect(verdict).toBe('cannot be told');
  });

  it('cannot be told of one seed, which has no interval over seeds', () => {
    expect(compare([more], [half])).toMatchObject({ gain: 0.25, verdict: 'one seed' });
    expect(compare([more], [half]).acrossSeeds95).toBeUndefined();
    expect(compare([more], [half]).both95).toBeUndefined();
  });

  it('is as uncertain as users and seeds make it together, each end by its own distance', () => {
    expect(overUsersAndSeeds(1, [-2, 5], 4)).toEqual([1 - 5, 1 + Math.hypot(4, 4)]);
    // Either interval alone lies above zero.
    expect(judge({ gain: 10, interval95: [2, 18], acrossSeeds95: [3, 17] })).toMatchObject({
      verdict: 'cannot be told',
    });
    expect(judge({ gain: 10, interval95: [4, 16], acrossSeeds95: [3, 17] })).toMatchObject({ verdict: 'holds' });
  });

  it.each([2, 3, 5, 10])('of nothing is made out of %i seeds no more than 5%% of the time', (seedCount) => {
    const random = createRandom(seedCount);
    const rounds = 4_000;
    for (const seedsOverUsers of [0.1, 0.5, 1, 2, 10]) {
      let falseVerdicts = 0;
      for (let round = 0; round < rounds; round++) {
        const ofUsers = random.gaussian();
        const deviation = seedsOverUsers * Math.sqrt(seedCount);
        const bySeed = Array.from({ length: seedCount }, () => ofUsers + deviation * random.gaussian());
        const { mean, halfWidth } = meanOverSeeds(bySeed);
        const [low, high] = overUsersAndSeeds(mean, [mean - 1.96, mean + 1.96], halfWidth);
        if (low > 0 || high < 0) falseVerdicts++;
      }
      // Three standard errors of a share of 5% in so many rounds.
      expect(falseVerdicts / rounds).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / rounds));
    }
  });

  it('refuses rows of other users', () => {
    expect(() => compare([half], [rows((user) => user % 2).slice(1)])).toThrow(RangeError);
  });
});
