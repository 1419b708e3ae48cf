import { FROZEN, World } from './index';
import { ImpressionTable, statisticsOf, statisticsOfTable, type WorldStatistics } from './statistics';

/**
 * What KuaiRand-Pure shows (`npm run simulate -- describe --kuairand DIR`), for the world to be held against: click
 * rate 44%, deviation over mean 1.95; the video's mean explains 8.6% of the variance, video and viewer 10.9%; the top 1% of
 * the videos have 17% of the clicks, the top tenth 59%.
 */
describe('the standard world, as counted', () => {
  // A tenth of the viewers: seconds, and figures within a tenth of those of all.
  let counted: WorldStatistics;
  beforeAll(async () => {
    counted = await statisticsOf(new World(FROZEN.standard), { stride: 10, signal: new AbortController().signal });
  });

  it('lets popularity rise on the first days of a video and decay after them', () => {
    const { popularityByAge } = counted;
    const mean = (from: number, to: number) =>
      popularityByAge.slice(from, to).reduce((sum, rate) => sum + rate, 0) / (to - from);
    expect(mean(0, 3)).toBeGreaterThan(1.5 * mean(7, 10));
    expect(mean(7, 10)).toBeGreaterThan(1.2 * mean(20, 30));
    // A rest stays: old videos are watched too.
    expect(mean(20, 30)).toBeGreaterThan(0.03);
  });

  it('has a few videos that are watched much and many that are watched little, as real platforms have', () => {
    const shareOfTop = (share: number) => counted.concentration.find(([videos]) => videos >= share)![1];
    expect(shareOfTop(0.1)).toBeGreaterThan(0.3);
    expect(shareOfTop(0.1)).toBeLessThan(0.7);
  });

  it('has playbacks that are given up at once, that run to the end, and all between', () => {
    const { shareWatched } = counted;
    expect(shareWatched[0]).toBeGreaterThan(0.15);
    expect(shareWatched.at(-1)).toBeGreaterThan(0.1);
    expect(Math.min(...shareWatched)).toBeGreaterThan(0.005);
  });

  it('has viewers who click rarely and viewers who click readily, most of them between', () => {
    const bins = counted.viewersByClickRate;
    expect(bins.reduce((sum, share) => sum + share)).toBeCloseTo(1, 9);
    // Around 29%; KuaiRand's viewers lie further apart, around 44%.
    const within = (from: number, to: number) => bins.slice(20 * from, 20 * to).reduce((sum, share) => sum + share, 0);
    expect(within(0.15, 0.45)).toBeGreaterThan(0.6);
    expect(within(0, 0.2)).toBeGreaterThan(0.1);
    expect(within(0.4, 1)).toBeGreaterThan(0.1);
  });

  it('lets places that stand lower be clicked less, all the way down', () => {
    const rates = counted.clickRateByPosition;
    expect(rates.length).toBe(10);
    expect(rates[0]).toBeGreaterThan(1.7 * rates[9]);
    expect(rates.slice(0, 5).reduce((a, b) => a + b)).toBeGreaterThan(rates.slice(5).reduce((a, b) => a + b));
  });

  it('is about as noisy as KuaiRand, and leaves a model more to explain than means do', () => {
    const { explained, variationOfWatchSeconds, clickRate } = counted;
    expect(clickRate).toBeGreaterThan(0.2);
    expect(clickRate).toBeLessThan(0.45);
    expect(variationOfWatchSeconds).toBeGreaterThan(1.9);
    expect(variationOfWatchSeconds).toBeLessThan(4);
    expect(explained.truth).toBeGreaterThan(0.2);
    expect(explained.truth).toBeLessThan(0.4);
    expect(explained.itemAndUser).toBeGreaterThan(0.03);
    expect(explained.itemAndUser).toBeLessThan(0.7 * explained.truth!);
  });
});

it('ends within a viewer of a signal', async () => {
  const stop = new AbortController();
  const counts: number[] = [];
  const counting = statisticsOf(new World(FROZEN.small), {
    stride: 1,
    signal: stop.signal,
    onProgress: (impressions) => {
      counts.push(impressions);
      // As a signal comes: in a turn of the event loop.
      if (counts.length === 3) setImmediate(() => stop.abort(new Error('interrupted')));
    },
  });
  await expect(counting).rejects.toThrow('interrupted');
  expect(counts.length).toBeGreaterThanOrEqual(3);
  expect(counts.length).toBeLessThanOrEqual(4);
});

describe('statistics of a table', () => {
  it('find all of the variance where the video decides, and none where nothing does', () => {
    const decided = new ImpressionTable();
    const noise = new ImpressionTable();
    for (let i = 0; i < 5_000; i++) {
      const item = Math.floor(i / 500);
      decided.add(i % 7, item, true, 10 * item, 100);
      noise.add(i % 7, item, true, (i * 7919) % 100, 100);
    }
    expect(statisticsOfTable(decided).explained.item).toBeGreaterThan(0.99);
    expect(statisticsOfTable(noise).explained.item).toBeLessThan(0.02);
    expect(statisticsOfTable(decided).concentration.at(-1)).toEqual([1, 1]);
  });
});
