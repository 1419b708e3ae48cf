import fc from 'fast-check';
import { DAY_MS } from '@watchnext/features';
import { type LabelledImpression, pagesOf, weightedPerUserLoss } from './weighted-per-user-loss';

const impression = (fields: Partial<LabelledImpression>): LabelledImpression => ({
  userId: 'u',
  pageId: '',
  servedAtMs: 0,
  clicked: false,
  watchSeconds: 0,
  ...fields,
});
const loss = (impressions: LabelledImpression[], scores: number[]) =>
  weightedPerUserLoss(impressions, pagesOf(impressions), scores).value();

/** The definition, pair by pair: what the fast one must equal. */
function lossByPairs(impressions: readonly LabelledImpression[], scores: readonly number[]): number {
  let wrong = 0;
  let whole = 0;
  impressions.forEach((clicked, i) =>
    impressions.forEach((unclicked, j) => {
      const samePage =
        clicked.userId === unclicked.userId &&
        clicked.pageId === unclicked.pageId &&
        (clicked.pageId !== '' ||
          Math.floor(clicked.servedAtMs / DAY_MS) === Math.floor(unclicked.servedAtMs / DAY_MS));
      if (!samePage || !clicked.clicked || unclicked.clicked) return;
      const weight = Math.min(clicked.watchSeconds, 600);
      whole += weight;
      if (scores[j] > scores[i]) wrong += weight;
      else if (scores[j] === scores[i]) wrong += weight / 2;
    }),
  );
  return wrong / whole;
}

describe('weightedPerUserLoss', () => {
  const page = [
    impression({ clicked: true, watchSeconds: 30 }),
    impression({ clicked: true, watchSeconds: 10 }),
    impression({}),
  ];

  it('is 0 for the right order, 1 for the reverse, one half for equal scores', () => {
    expect(loss(page, [3, 2, 1])).toBe(0);
    expect(loss(page, [1, 2, 3])).toBe(1);
    expect(loss(page, [5, 5, 5])).toBe(0.5);
  });

  it('weighs a misordered pair by the watch seconds of its clicked impression', () => {
    expect(loss(page, [3, 1, 2])).toBeCloseTo(10 / 40);
    expect(loss(page, [1, 3, 2])).toBeCloseTo(30 / 40);
  });

  it('caps what one impression counts at 600 seconds', () => {
    const long = [impression({ clicked: true, watchSeconds: 7_200 }), page[0], impression({})];
    expect(loss(long, [1, 3, 2])).toBeCloseTo(600 / 630);
  });

  it('keeps users, days without a page id, and page ids apart', () => {
    const clicked = { clicked: true, watchSeconds: 10 };
    expect(pagesOf([impression(clicked), impression({ userId: 'v' })])).toHaveLength(0);
    expect(pagesOf([impression(clicked), impression({ servedAtMs: DAY_MS })])).toHaveLength(0);
    expect(pagesOf([impression({ ...clicked, pageId: 'p' }), impression({ pageId: 'q' })])).toHaveLength(0);
    expect(
      pagesOf([impression({ ...clicked, pageId: 'p' }), impression({ pageId: 'p', servedAtMs: DAY_MS })]),
    ).toHaveLength(1);
  });

  it('cannot be measured, and says so, with no pair or a score that is not a number', () => {
    expect(loss([page[0]], [1])).toBeNaN();
    expect(loss(page, [1, NaN, 2])).toBeNaN();
  });

  const logs = fc.array(
    fc.record({
      userId: fc.constantFrom('u', 'v'),
      pageId: fc.constantFrom('', 'p'),
      servedAtMs: fc.constantFrom(0, DAY_MS - 1, DAY_MS),
      clicked: fc.boolean(),
      watchSeconds: fc.integer({ min: 0, max: 900 }),
      score: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 40 },
  );

  it('equals the definition pair by pair', () => {
    fc.assert(
      fc.property(logs, (log) => {
        const scores = log.map(({ score }) => score);
        const expected = lossByPairs(log, scores);
        if (Number.isNaN(expected)) expect(loss(log, scores)).toBeNaN();
        else expect(loss(log, scores)).toBeCloseTo(expected, 10);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('only depends on the order of scores, and turns into 1 - loss when they are negated', () => {
    fc.assert(
      fc.property(logs, (log) => {
        const scores = log.map(({ score }) => score);
        const value = loss(log, scores);
        fc.pre(!Number.isNaN(value));
        expect(
          loss(
            log,
            scores.map((score) => Math.exp(score) * 7),
          ),
        ).toBeCloseTo(value, 10);
        expect(
          loss(
            log,
            scores.map((score) => -score),
          ),
        ).toBeCloseTo(1 - value, 10);
      }),
      { seed: 4 },
    );
  });

  it('sorts a page of 100,000 impressions instead of comparing its pairs', () => {
    const large = Array.from({ length: 100_000 }, (_, index) =>
      impression({ clicked: index % 2 === 0, watchSeconds: 1 }),
    );
    // Every clicked impression scores below every unclicked one; 2.5 billion pairs would not end within the time limit.
    expect(
      loss(
        large,
        large.map((_, index) => (index % 2) + index * 1e-9),
      ),
    ).toBe(1);
  });
});
