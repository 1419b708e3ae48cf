import { NO_STATISTICS, statisticsFrom, type StatisticsTables } from './statistics';
import { RANKING_STATISTICS_NUMBERS, statisticsNumbers } from './statistics-numbers';

const counts = (impressionCount: number, clickCount: number, clickWatchSeconds: number, watchCount = 0) => ({
  impressionCount,
  clickCount,
  clickWatchSeconds,
  watchCount,
});
const TABLES: StatisticsTables = {
  videos: { v: counts(80, 18, 440, 25) },
  channels: { c: counts(180, 38, 940) },
  topics: { music: counts(60, 10, 100), dance: counts(20, 8, 140) },
  surfaces: { home: { v: counts(60, 8, 220) } },
  countries: { FR: { c: counts(80, 18, 260) }, DE: { d: counts(20, 2, 60) } },
  wholeCountries: { FR: counts(100, 20, 400), DE: counts(300, 20, 400), '': counts(400, 40, 800) },
};
const VIDEO = { videoId: 'v', channelId: 'c', topics: ['music', 'dance', 'unheard of'] };

function numbersOf(surface: string, video = VIDEO, tables = TABLES, country = 'FR') {
  const numbers = statisticsNumbers(statisticsFrom(tables), { surface, country }, video);
  return Object.fromEntries(RANKING_STATISTICS_NUMBERS.map((name, i) => [name, numbers[i]]));
}

describe('statisticsNumbers', () => {
  it('smooths rates by 20 impressions: at 0.1 clicks and 3 s each, on a surface at those of the video anywhere', () => {
    expect(numbersOf('home')).toEqual({
      videoImpressionCount: 80,
      videoClickRate: 0.2,
      videoMeanWatchSecondsPerImpression: 5,
      videoWatchCount: 25,
      videoOnSurfaceClickRate: (8 + 20 * 0.2) / 80,
      videoOnSurfaceMeanWatchSecondsPerImpression: (220 + 20 * 5) / 80,
      channelClickRate: 0.2,
      channelMeanWatchSecondsPerImpression: 5,
      topicClickRate: 0.2,
      topicMeanWatchSecondsPerImpression: 3,
      channelInCountryClickRate: (18 + 20 * 0.2) / 100,
      channelInCountryMeanWatchSecondsPerImpression: (260 + 20 * 5) / 100,
      // A quarter of all showings are in the country, so of the channel's 180 it should be 45.
      channelInCountryShowings: (80 + 2) / (45 + 2),
    });
  });

  it('takes the video anywhere for the video on a surface that never showed it', () => {
    expect(numbersOf('up-next')).toMatchObject({
      videoOnSurfaceClickRate: 0.2,
      videoOnSurfaceMeanWatchSecondsPerImpression: 5,
    });
  });

  it('takes the channel anywhere where it was not shown, and says how seldom it was', () => {
    expect(numbersOf('home', VIDEO, TABLES, 'DE')).toMatchObject({
      channelInCountryClickRate: 0.2,
      channelInCountryMeanWatchSecondsPerImpression: 5,
      channelInCountryShowings: 2 / (0.75 * 180 + 2),
    });
    for (const country of ['', 'BR'])
      expect(numbersOf('home', VIDEO, TABLES, country)).toMatchObject({
        channelInCountryClickRate: 0.2,
        channelInCountryShowings: NaN,
      });
  });

  it('says nothing of what was never shown', () => {
    expect(Object.values(numbersOf('home', VIDEO, NO_STATISTICS))).toEqual(RANKING_STATISTICS_NUMBERS.map(() => NaN));
    expect(numbersOf('home', { videoId: 'new', channelId: 'c', topics: [] })).toMatchObject({
      videoClickRate: NaN,
      videoOnSurfaceClickRate: NaN,
      channelClickRate: 0.2,
      topicClickRate: NaN,
    });
    expect(numbersOf('home', { ...VIDEO, channelId: '' }).channelClickRate).toBeNaN();
  });

  it('knows a video that is called as a property of every object', () => {
    const numbers = numbersOf('constructor', { videoId: 'constructor', channelId: 'toString', topics: ['valueOf'] });
    expect(Object.values(numbers)).toEqual(RANKING_STATISTICS_NUMBERS.map(() => NaN));
  });
});
