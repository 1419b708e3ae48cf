import { createRandom } from '@watchnext/learning';
import fc from 'fast-check';
import { preferenceOf } from './interleaving';
import { teamDraft } from './team-draft';

const draft = (a: string[], b: string[], limit: number, flip: () => boolean) =>
  teamDraft({ team: 'a', ranking: a }, { team: 'b', ranking: b }, (item) => item, limit, flip);
const ranking = fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop'), { maxLength: 16 });

describe('team draft', () => {
  it('lets the teams take turns, each with its best that is left', () => {
    expect(draft(['1', '2', '3'], ['2', '3', '1'], 3, () => true)).toEqual([
      { item: '1', team: 'a' },
      { item: '2', team: 'b' },
      { item: '3', team: 'a' },
    ]);
    expect(draft(['1', '2'], ['1', '2'], 2, () => false).map(({ team }) => team)).toEqual(['b', 'a']);
  });

  it('shows each item once, all of both where there is room, and gives no team two picks more than the other', () => {
    fc.assert(
      fc.property(ranking, ranking, fc.integer({ min: 0, max: 40 }), fc.nat(), (a, b, limit, seed) => {
        const random = createRandom(seed);
        const drafted = draft(a, b, limit, () => random.next() < 0.5);
        const items = drafted.map(({ item }) => item);
        expect(new Set(items).size).toBe(items.length);
        expect(items.length).toBe(Math.min(limit, new Set([...a, ...b]).size));
        let lead = 0;
        drafted.forEach(({ item, team }, index) => {
          const own = team === 'a' ? a : b;
          const before = new Set(items.slice(0, index));
          expect(own.find((one) => !before.has(one))).toBe(item);
          const left = new Set([...a, ...b].filter((one) => !before.has(one)));
          const bothLeft = a.some((one) => left.has(one)) && b.some((one) => left.has(one));
          lead += team === 'a' ? 1 : -1;
          if (bothLeft) expect(Math.abs(lead)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  it('finds the better of two rankings, and no preference between equal ones', () => {
    const random = createRandom(12);
    const items = Array.from({ length: 20 }, (_, index) => String(index));
    const credit = (a: string[], b: string[]) =>
      Array.from({ length: 400 }, () => {
        const sums = { control: 0, treatment: 0 };
        for (const { item, team } of draft(a, b, 10, () => random.next() < 0.5)) {
          // The lower the number, the likelier a watch.
          if (random.next() < 0.5 / (1 + Number(item) / 4)) sums[team === 'a' ? 'control' : 'treatment'] += 1;
        }
        return sums;
      });
    const reversed = [...items].reverse();
    const better = preferenceOf(credit(reversed, items), 0.05);
    expect(better.alwaysValidInterval.low).toBeGreaterThan(0);
    expect(better.alwaysValidP).toBeLessThan(0.01);
    const equal = preferenceOf(credit(items, items), 0.05);
    expect(equal.alwaysValidInterval.low).toBeLessThan(0);
    expect(equal.alwaysValidInterval.high).toBeGreaterThan(0);
    expect(equal.fixedInterval.high).toBeLessThan(equal.alwaysValidInterval.high);
  });
});
