import fc from 'fast-check';
import { auc, clickAuc, clickAucInterval, groupedClickAuc } from './auc';

const impression = (userId: string, clicked: boolean) => ({
  userId,
  pageId: '',
  servedAtMs: 0,
  clicked,
  watchSeconds: clicked ? 1 : 0,
});
const drawn = fc.array(
  fc.record({ user: fc.constantFrom('a', 'b', 'c'), clicked: fc.boolean(), score: fc.integer({ min: 0, max: 5 }) }),
  { minLength: 1, maxLength: 40 },
);

/** All pairs, one by one. */
function naive(rows: readonly { clicked: boolean; score: number }[]): number {
  let right = 0;
  let pairs = 0;
  for (const positive of rows.filter((row) => row.clicked)) {
    for (const negative of rows.filter((row) => !row.clicked)) {
      pairs += 1;
      right += positive.score > negative.score ? 1 : positive.score === negative.score ? 0.5 : 0;
    }
  }
  return right / pairs;
}

describe('auc', () => {
  it('is the share of pairs in order', () => {
    fc.assert(
      fc.property(drawn, (rows) => {
        const scores = rows.map((row) => row.score);
        const value = auc(scores, (index) => rows[index].clicked);
        const expected = naive(rows);
        if (Number.isNaN(expected)) expect(value).toBeNaN();
        else expect(value).toBeCloseTo(expected, 12);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('is NaN where a score is NaN', () => {
    const impressions = [impression('a', true), impression('a', false)];
    expect(clickAuc(impressions, [NaN, 1])).toBeNaN();
    expect(groupedClickAuc(impressions, [1, NaN]).value()).toBeNaN();
  });
});

describe('groupedClickAuc', () => {
  it("is the users' AUCs weighted by their impressions, those with one kind left out", () => {
    fc.assert(
      fc.property(drawn, (rows) => {
        let sum = 0;
        let weight = 0;
        for (const user of ['a', 'b', 'c']) {
          const own = rows.filter((row) => row.user === user);
          const value = naive(own);
          if (Number.isNaN(value)) continue;
          sum += value * own.length;
          weight += own.length;
        }
        const grouped = groupedClickAuc(
          rows.map((row) => impression(row.user, row.clicked)),
          rows.map((row) => row.score),
        ).value();
        if (weight === 0) expect(grouped).toBeNaN();
        else expect(grouped).toBeCloseTo(sum / weight, 12);
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  it('does not see how users differ from each other', () => {
    const impressions = [impression('a', true), impression('a', false), impression('b', true), impression('b', false)];
    const scores = [2, 1, 0.2, 0.1];
    expect(groupedClickAuc(impressions, scores).value()).toBe(1);
    expect(clickAuc(impressions, scores)).toBe(0.75);
  });
});

describe('clickAucInterval', () => {
  /** The same draws again whenever it is made. */
  const source = () => {
    let state = 3;
    return {
      nextInt(exclusiveMaximum: number) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * exclusiveMaximum);
      },
    };
  };
  const interval = (rows: readonly { user: string; clicked: boolean; score: number }[]) =>
    clickAucInterval(
      rows.map((row) => impression(row.user, row.clicked)),
      rows.map((row) => row.score),
      source(),
      { resampleCount: 11, level: 0.8 },
    );

  it('has the areas of rows of users drawn with replacement between its ends', () => {
    fc.assert(
      fc.property(drawn, (rows) => {
        const random = source();
        const users = [...new Set(rows.map(({ user }) => user))];
        const areas = Array.from({ length: 11 }, () => {
          const taken = users.map(() => users[random.nextInt(users.length)]);
          return naive(taken.flatMap((user) => rows.filter((row) => row.user === user)));
        });
        const sorted = areas.filter((area) => !Number.isNaN(area)).sort((a, b) => a - b);
        const { low, high } = interval(rows);
        if (sorted.length === 0) expect([low, high]).toEqual([NaN, NaN]);
        else {
          expect(low).toBeCloseTo(sorted[Math.round(((1 - 0.8) / 2) * (sorted.length - 1))], 12);
          expect(high).toBeCloseTo(sorted[Math.round(((1 + 0.8) / 2) * (sorted.length - 1))], 12);
        }
      }),
      { seed: 9, numRuns: 200 },
    );
  });

  it('has no width where there is one user, and no ends where a score is none', () => {
    const one = [
      { user: 'a', clicked: true, score: 2 },
      { user: 'a', clicked: false, score: 1 },
    ];
    expect(interval(one)).toEqual({ low: 1, high: 1 });
    expect(interval([...one, { user: 'b', clicked: true, score: NaN }])).toEqual({ low: NaN, high: NaN });
  });
});
