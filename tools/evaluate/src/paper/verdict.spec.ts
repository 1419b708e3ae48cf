import { createRandom } from '@watchnext/learning';
import type { UserRows } from './units';
import { compareRows } from './verdict';

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
    expect(compare([more], [half], true).verdict).toBe('does not hold');
    expect(compare([half], [more], true)).toMatchObject({ gain: expect.closeTo(0.25, 12), verdict: 'holds' });
  });

  it('cannot be told where there is no difference', () => {
    expect(compare([half], [half]).verdict).toBe('cannot be told');
  });

  it('cannot be told where seeds disagree, however many users there are', () => {
    const { interval95, acrossSeeds95, verdict } = compare([more, half, more], [half, more, half]);
    expect(interval95[0]).toBeGreaterThan(0);
    expect(acrossSeeds95![0]).toBeLessThan(0);
    expect(verdict).toBe('cannot be told');
  });

  it('has no interval over seeds of one', () => {
    expect(compare([more], [half]).acrossSeeds95).toBeUndefined();
  });

  it('refuses rows of other users', () => {
    expect(() => compare([half], [rows((user) => user % 2).slice(1)])).toThrow(RangeError);
  });
});
