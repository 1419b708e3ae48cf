import { VideoStatisticsTimeline } from './video-statistics';

const DAY_MS = 86_400_000;
const MONDAY_MS = Date.UTC(2026, 10, 2);

describe('VideoStatisticsTimeline', () => {
  it('answers with whole days before the day asked about', () => {
    const timeline = new VideoStatisticsTimeline();
    timeline.addImpression(MONDAY_MS + 1000, 'v', true, 30);
    timeline.addImpression(MONDAY_MS + 2000, 'v', false, 0);
    timeline.addWatch(MONDAY_MS + DAY_MS, 'v');
    timeline.addImpression(MONDAY_MS + DAY_MS, 'v', true, 12);

    expect(timeline.asOf('v', MONDAY_MS + DAY_MS - 1)).toBeUndefined();
    const monday = { impressionCount: 2, clickCount: 1, clickWatchSeconds: 30, watchCount: 0 };
    expect(timeline.asOf('v', MONDAY_MS + DAY_MS)).toEqual(monday);
    expect(timeline.asOf('v', MONDAY_MS + 2 * DAY_MS - 1)).toEqual(monday);
    const both = { impressionCount: 3, clickCount: 2, clickWatchSeconds: 42, watchCount: 1 };
    expect(timeline.asOf('v', MONDAY_MS + 2 * DAY_MS)).toEqual(both);
    expect(timeline.asOf('v', MONDAY_MS + 90 * DAY_MS)).toEqual(both);
    expect(timeline.final()).toEqual(new Map([['v', both]]));
  });

  it('takes additions in any order, also after it was asked', () => {
    const timeline = new VideoStatisticsTimeline();
    timeline.addWatch(MONDAY_MS + DAY_MS, 'v');
    expect(timeline.asOf('v', MONDAY_MS + 2 * DAY_MS)?.watchCount).toBe(1);
    timeline.addWatch(MONDAY_MS, 'v');
    expect(timeline.asOf('v', MONDAY_MS + DAY_MS)?.watchCount).toBe(1);
    expect(timeline.asOf('v', MONDAY_MS + 2 * DAY_MS)?.watchCount).toBe(2);
  });

  it('knows nothing of a video never seen', () => {
    expect(new VideoStatisticsTimeline().asOf('v', MONDAY_MS)).toBeUndefined();
  });
});
