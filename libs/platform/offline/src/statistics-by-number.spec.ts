import { type RankingExample, StatisticsTimeline } from '@watchnext/features';
import fc from 'fast-check';
import { RankingExamples } from './examples/ranking-examples';
import { StatisticsByNumber } from './statistics-by-number';

const MONDAY_MS = Date.UTC(2026, 10, 2);
const id = fc.constantFrom('a', 'b', 'c');
const impression = fc
  .record({
    video: fc.record({ videoId: id, channelId: fc.constantFrom('', 'x', 'y'), topics: fc.uniqueArray(id) }),
    surface: fc.constantFrom('', 'home', 'watch'),
    country: fc.constantFrom('', 'FR', 'DE'),
    hours: fc.nat(100),
    clicked: fc.boolean(),
  })
  .map(({ video, surface, country, hours, clicked }): RankingExample => ({
    userId: 'u',
    requestId: 'r',
    pageId: 'p',
    impressionId: 'i',
    servedAtMs: MONDAY_MS + hours * 3_600_000,
    position: 0,
    user: {
      userId: 'u',
      lastWatchedVideoId: '',
      seedVideoId: '',
      surface,
      country,
      device: '',
      searches: { tokens: [], last: [] },
      numbers: new Float64Array(14),
    },
    video: { ...video, source: '', numbers: new Float64Array(23) },
    clicked,
    watchSeconds: clicked ? hours : 0,
    served: { snapshotId: '', score: undefined, featuresChecksum: undefined },
  }));

describe('StatisticsByNumber', () => {
  it('counts what the timeline counts by texts', () => {
    const watch = fc.record({ videoId: id, hours: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(fc.oneof(impression, watch), { maxLength: 60 }), (log) => {
        const [byText, numbered] = [new StatisticsTimeline(), new StatisticsTimeline()];
        const byNumber = new StatisticsByNumber(numbered);
        const examples = new RankingExamples();
        for (const one of log) {
          if ('user' in one) {
            const { surface, country } = one.user;
            byText.addImpression(one.servedAtMs, { ...one.video, surface, country }, one.clicked, one.watchSeconds);
            byNumber.addImpression(one, examples.add(one));
          } else {
            const atMs = MONDAY_MS + one.hours * 3_600_000;
            byText.addWatch(atMs, one.videoId);
            byNumber.addWatch(one.videoId, 'abc'.indexOf(one.videoId), atMs);
          }
        }
        // As text: the order of the entries is to be the same too.
        expect(JSON.stringify(numbered.tables())).toBe(JSON.stringify(byText.tables()));
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
