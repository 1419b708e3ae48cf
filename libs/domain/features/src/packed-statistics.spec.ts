import { packStatistics, statisticsFromPacked } from './packed-statistics';
import { EVERYWHERE, NO_STATISTICS, statisticsFrom } from './statistics';

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

  it('tell the same in whatever order they are asked, with as many rows of a part as it has', () => {
    const statistics = statisticsFrom({
      ...NO_STATISTICS,
      videos: { v: counts(1), w: counts(2), x: counts(3) },
      channels: { c: counts(4), d: counts(5) },
      surfaces: { home: { x: counts(6), v: counts(7) }, search: { w: counts(8) } },
      countries: { DE: { d: counts(9) } },
    });
    const onHome = (videoId: string) => statistics.ofVideoOn('home', videoId)?.impressionCount;
    expect(['x', 'v', 'w', 'none', 'x'].map(onHome)).toEqual([6, 7, undefined, undefined, 6]);
    expect(statistics.ofVideo('w')?.impressionCount).toBe(2);
    expect(onHome('v')).toBe(7);
    expect(statistics.ofVideoOn('search', 'w')?.impressionCount).toBe(8);
    expect(statistics.ofVideo('v')?.impressionCount).toBe(1);
    expect(statistics.ofVideoOn('search', 'v')).toBeUndefined();
    const inGermany = (channelId: string) => statistics.ofChannelIn('DE', channelId)?.impressionCount;
    expect(['c', 'd', '', 'd'].map(inGermany)).toEqual([undefined, 9, undefined, 9]);
    expect(statistics.ofChannel('c')?.impressionCount).toBe(4);
  });

  it('tell nothing of what is counted on a surface and nowhere, as no such thing happens', () => {
    const tables = { ...NO_STATISTICS, videos: { v: counts(1) }, surfaces: { home: { w: counts(2), v: counts(3) } } };
    const statistics = statisticsFrom(tables);
    expect(statistics.ofVideoOn('home', 'w')).toBeUndefined();
    expect(statistics.ofVideoOn('home', 'v')).toMatchObject(counts(3));
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
