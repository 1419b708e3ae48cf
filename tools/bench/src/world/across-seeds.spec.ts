import type { ListEvaluation } from '@watchnext/simulator';
import { meanOverSeeds } from '@watchnext/evaluation';
import { effectOverSeeds, formatSummary, summarise } from './across-seeds';

const row = (name: string, meanWatchSeconds: number): ListEvaluation => ({
  name,
  meanWatchSeconds,
  standardError: 10,
  meanClicks: 2,
  clickbaitShare: 0.25,
  shareOfOracle: meanWatchSeconds / 1_000,
  emptyPlaces: 0,
  watchSeconds: [],
});

describe('a summary over seeds', () => {
  it('has Student’s interval: of 1 to 5, three and 1.96', () => {
    const { mean, halfWidth } = meanOverSeeds([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    // 2.776 · √(2.5 / 5)
    expect(halfWidth).toBeCloseTo(1.963, 3);
  });

  it('goes row by row over the seeds', () => {
    const [a, b] = summarise([
      [row('a', 100), row('b', 300)],
      [row('a', 200), row('b', 300)],
    ]);
    expect(a).toMatchObject({ name: 'a', watchSeconds: { mean: 150 }, clicks: 2, clickbaitShare: 0.25 });
    expect(a.shareOfOracle).toBeCloseTo(0.15);
    expect(b.watchSeconds).toEqual({ mean: 300, halfWidth: 0 });
  });

  it('goes over the viewers where there is one seed', () => {
    expect(summarise([[row('a', 100)]])[0].watchSeconds).toEqual({ mean: 100, halfWidth: 19.6 });
    expect(effectOverSeeds([{ meanWatchSeconds: 5, standardError: 1 }])).toEqual({ mean: 5, halfWidth: 1.96 });
    expect(formatSummary(summarise([[row('a', 100)]]))).toContain('100 ± 20');
  });
});
