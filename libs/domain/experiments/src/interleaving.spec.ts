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
    ['users who differ in nothing', users(100, () => ({ control: 1, treatment: 2 }))],
  ])('is not judged of %s', (_, credits) => {
    expect(preferenceOf(credits, 0.05)).toMatchObject(UNKNOWN);
  });

  it('is judged once the total credit is known to a fifth', () => {
    const found = preferenceOf(
      users(2_000, (u) => ({ control: u % 3 === 0 ? 1 : 0, treatment: u % 3 === 0 ? 0 : 1 })),
      0.05,
    );
    expect(found.preference).toBeCloseTo(1 / 3, 2);
    expect(found.alwaysValidInterval.low).toBeGreaterThan(0);
    expect(found.alwaysValidP).toBeLessThan(0.05);
  });
});
