import { packStatistics, statisticsFromPacked } from './packed-statistics';
import { EVERYWHERE, NO_STATISTICS } from './statistics';

const counts = (impressionCount: number) => ({
  impressionCount,
  clickCount: 1,
  clickWatchSeconds: 0.1,
  watchCount: 2,
});

describe('packed statistics', () => {
  it('tell what the tables tell, whatever videos are called, and survive a change of thread', () => {
    const packed = packStatistics({
      videos: { v: counts(1), constructor: counts(2) },
      channels: { c: counts(3) },
      topics: { t: counts(4) },
      surfaces: { home: { v: counts(5) }, '': { v: counts(6) } },
      countries: { DE: { c: counts(7) } },
      wholeCountries: { DE: counts(8), [EVERYWHERE]: counts(9) },
    });
    const statistics = statisticsFromPacked(structuredClone(packed));
    // Twice, since some answers are kept.
    for (let time = 0; time < 2; time++) {
      expect(statistics.ofVideo('v')).toMatchObject(counts(1));
      expect(statistics.ofVideo('constructor')).toMatchObject(counts(2));
      expect(statistics.ofVideo('toString')).toBeUndefined();
      expect(statistics.ofChannel('c')).toMatchObject(counts(3));
      expect(statistics.ofTopic('t')).toMatchObject(counts(4));
      expect(statistics.ofTopic('toString')).toBeUndefined();
      expect(statistics.ofVideoOn('home', 'v')).toMatchObject(counts(5));
      expect(statistics.ofVideoOn('', 'v')).toMatchObject(counts(6));
      expect(statistics.ofVideoOn('search', 'v')).toBeUndefined();
      expect(statistics.ofChannelIn('DE', 'c')).toMatchObject(counts(7));
      expect(['DE', EVERYWHERE, 'FR'].map((country) => statistics.impressionCountIn(country))).toEqual([8, 9, 0]);
    }
  });

  it.each<[string, unknown, string]>([
    ['no object', 3, 'videos is missing, or not an object'],
    ['an entry that is none', { v: [] }, 'videos.v is missing, or not an object'],
    ['a count that is none', { v: { ...counts(1), clickCount: -1 } }, 'videos.v.clickCount is -1'],
    ['a count that is missing', { v: { impressionCount: 1 } }, 'videos.v.clickCount is undefined'],
  ])('are not made of %s', (_what, videos, message) => {
    expect(() => packStatistics({ ...NO_STATISTICS, videos } as never)).toThrow(message);
  });
});
