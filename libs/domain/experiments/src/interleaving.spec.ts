import { createRandom } from '@watchnext/learning';
import { preferenceOf, type TeamCredit } from './interleaving';

const UNKNOWN = {
  fixedInterval: { low: -Infinity, high: Infinity },
  alwaysValidInterval: { low: -Infinity, high: Infinity },
  fixedP: NaN,
  alwaysValidP: 1,
};
const users = (count: number, credit: (user: number) => TeamCredit) =>
  Array.from({ length: count }, (_, u) => credit(u));

describe('a preference', () => {
  it.each([
    ['nobody', []],
    ['one user', users(1, () => ({ control: 0, treatment: 1 }))],
    ['two users with one click each for one team', users(2, () => ({ control: 0, treatment: 1 }))],
    ['one user with nearly all the credit', users(50, (u) => ({ control: 1, treatment: u === 0 ? 5_000 : 0 }))],
    ['users without credits', users(100, () => ({ control: 0, treatment: 0 }))],
  ])('is not judged of %s', (_, credits) => {
    expect(preferenceOf(credits, 0.05)).toMatchObject(UNKNOWN);
  });

  it('is judged once enough users have credited', () => {
    const found = preferenceOf(
      users(2_000, (u) => ({ control: u % 3 === 0 ? 1 : 0, treatment: u % 3 === 0 ? 0 : 1 })),
      0.05,
    );
    expect(found.preference).toBeCloseTo(1 / 3, 2);
    expect(found.alwaysValidInterval.low).toBeGreaterThan(0);
    expect(found.alwaysValidP).toBeLessThan(0.05);
  });

  it.each([
    ['credit one team alone', { control: 0, treatment: 2 }, 1],
    ['differ in nothing', { control: 1, treatment: 2 }, 1 / 3],
    ['prefer nothing', { control: 1, treatment: 1 }, 0],
  ])('is judged of users who all %s', (_, credit, preference) => {
    const found = preferenceOf(
      users(1_000, () => credit),
      0.05,
    );
    expect(found.preference).toBeCloseTo(preference, 12);
    expect(found.alwaysValidInterval.low).toBeGreaterThan(preference - 0.05);
    expect(found.alwaysValidInterval.low).toBeLessThan(preference);
    expect(found.alwaysValidP < 0.05).toBe(preference > 0);
  });

  it.each([
    [0.01, 0],
    [0.1, 0],
    [0.5, 0],
    [0.03, 0.8],
    [0.1, 0.8],
  ])(
    'is within the intervals of all looks where a share of %d credits the other team, credits spread by %d',
    (share, spread) => {
      const random = createRandom(5);
      const [alpha, runs, last] = [0.05, 300, Math.max(100, 8 / share)];
      let missed = 0;
      for (let run = 0; run < runs; run++) {
        const credits: TeamCredit[] = [];
        let isMissed = false;
        for (let look = 26; look <= last && !isMissed; look = Math.ceil(1.1 * look)) {
          while (credits.length < look) {
            const credit = Math.exp(spread * random.gaussian());
            const isOther = random.next() < share;
            credits.push({ control: isOther ? credit : 0, treatment: isOther ? 0 : credit });
          }
          const { low, high } = preferenceOf(credits, alpha).alwaysValidInterval;
          isMissed = low > 1 - 2 * share || high < 1 - 2 * share;
        }
        if (isMissed) missed++;
      }
      expect(missed / runs).toBeLessThanOrEqual(alpha);
    },
  );
});
