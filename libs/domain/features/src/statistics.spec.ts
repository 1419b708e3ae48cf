import { EVERYWHERE, statisticsFrom, StatisticsTimeline } from './statistics';
import { DAY_MS } from './time';

const MONDAY_MS = Date.UTC(2026, 10, 2);
const SHOWN = { videoId: 'v', channelId: 'c', topics: ['music', 'dance'], surface: 'home', country: 'FR' };

describe('StatisticsTimeline', () => {
  it('answers with whole days before the day asked about', () => {
    const timeline = new StatisticsTimeline();
    timeline.addImpression(MONDAY_MS + 1000, SHOWN, true, 30);
    timeline.addImpression(MONDAY_MS + 2000, SHOWN, false, 0);
    timeline.addWatch(MONDAY_MS + DAY_MS, 'v');
    timeline.addImpression(MONDAY_MS + DAY_MS, SHOWN, true, 12);

    expect(timeline.asOf(MONDAY_MS + DAY_MS - 1).ofVideo('v')).toBeUndefined();
    const monday = { impressionCount: 2, clickCount: 1, clickWatchSeconds: 30, watchCount: 0 };
    expect(timeline.asOf(MONDAY_MS + DAY_MS).ofVideo('v')).toEqual(monday);
    expect(timeline.asOf(MONDAY_MS + 2 * DAY_MS - 1).ofVideo('v')).toEqual(monday);
    const both = { impressionCount: 3, clickCount: 2, clickWatchSeconds: 42, watchCount: 1 };
    expect(timeline.asOf(MONDAY_MS + 2 * DAY_MS).ofVideo('v')).toEqual(both);
    expect(timeline.asOf(MONDAY_MS + 90 * DAY_MS).ofVideo('v')).toEqual(both);
    expect(timeline.tables().videos).toEqual({ v: both });
    expect(timeline.tables(MONDAY_MS + DAY_MS).videos).toEqual({ v: monday });
  });

  it('takes additions in any order, also after it was asked', () => {
    const timeline = new StatisticsTimeline();
    timeline.addWatch(MONDAY_MS + DAY_MS, 'v');
    expect(timeline.asOf(MONDAY_MS + 2 * DAY_MS).ofVideo('v')?.watchCount).toBe(1);
    timeline.addWatch(MONDAY_MS, 'v');
    expect(timeline.asOf(MONDAY_MS + DAY_MS).ofVideo('v')?.watchCount).toBe(1);
    expect(timeline.asOf(MONDAY_MS + 2 * DAY_MS).ofVideo('v')?.watchCount).toBe(2);
  });

  it('knows nothing of a video never seen', () => {
    expect(new StatisticsTimeline().asOf(MONDAY_MS).ofVideo('v')).toBeUndefined();
  });

  it('counts an impression for its channel, also by country, each of its topics and its surface', () => {
    const timeline = new StatisticsTimeline();
    timeline.addImpression(MONDAY_MS, SHOWN, true, 30);
    timeline.addImpression(
      MONDAY_MS,
      { ...SHOWN, videoId: 'w', topics: ['music'], surface: 'up-next', country: 'DE' },
      false,
      0,
    );
    const bare = { videoId: 'x', channelId: '', topics: [], surface: '', country: '' };
    timeline.addImpression(MONDAY_MS, bare, false, 0);
    const counts = (impressionCount: number, clickCount: number) => ({
      impressionCount,
      clickCount,
      clickWatchSeconds: 30 * clickCount,
      watchCount: 0,
    });
    const tables = timeline.tables();
    expect(tables).toEqual({
      videos: { v: counts(1, 1), w: counts(1, 0), x: counts(1, 0) },
      channels: { c: counts(2, 1) },
      topics: { music: counts(2, 1), dance: counts(1, 1) },
      surfaces: { home: { v: counts(1, 1) }, 'up-next': { w: counts(1, 0) }, '': { x: counts(1, 0) } },
      countries: { FR: { c: counts(1, 1) }, DE: { c: counts(1, 0) } },
      wholeCountries: { FR: counts(1, 1), DE: counts(1, 0), [EVERYWHERE]: counts(2, 1) },
    });
    const tomorrow = timeline.asOf(MONDAY_MS + DAY_MS);
    const carried = statisticsFrom(JSON.parse(JSON.stringify(tables)));
    for (const statistics of [tomorrow, carried]) {
      expect(statistics.ofChannel('c')).toMatchObject(counts(2, 1));
      expect(statistics.ofTopic('music')).toMatchObject(counts(2, 1));
      expect(statistics.ofVideoOn('home', 'v')).toMatchObject(counts(1, 1));
      expect(statistics.ofVideoOn('home', 'w')).toBeUndefined();
      expect(statistics.ofVideoOn('nowhere', 'v')).toBeUndefined();
      expect(statistics.ofChannelIn('FR', 'c')).toMatchObject(counts(1, 1));
      expect(statistics.ofChannelIn('BR', 'c')).toBeUndefined();
      expect(['FR', 'BR', EVERYWHERE].map((country) => statistics.impressionCountIn(country))).toEqual([1, 0, 2]);
    }
    expect(timeline.asOf(MONDAY_MS + DAY_MS - 1).ofChannel('c')).toBeUndefined();
  });
});
