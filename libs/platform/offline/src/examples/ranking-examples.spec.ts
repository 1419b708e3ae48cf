import { RANKING_USER_NUMBERS, RANKING_VIDEO_NUMBERS, type RankingExample } from '@watchnext/features';
import fc from 'fast-check';
import { RankingExamples } from './ranking-examples';

const id = fc.constantFrom('', 'a', 'b', 'c', 'a-0', 'b-12', 'ab');
const numbers = (names: readonly string[]) =>
  fc
    .array(fc.oneof(fc.double(), fc.constantFrom(0, NaN)), { minLength: names.length, maxLength: names.length })
    .map((values) => Float64Array.from(values));
const user = fc.record({
  userId: id,
  lastWatchedVideoId: id,
  seedVideoId: id,
  surface: id,
  country: id,
  device: id,
  searches: fc.record({ tokens: fc.array(id, { maxLength: 3 }), last: fc.array(id, { maxLength: 2 }) }),
  numbers: numbers(RANKING_USER_NUMBERS),
});
const impression = fc.record({
  impressionId: id,
  position: fc.nat(),
  video: fc.record({
    videoId: id,
    channelId: id,
    topics: fc.array(id, { maxLength: 3 }),
    source: id,
    numbers: numbers(RANKING_VIDEO_NUMBERS),
  }),
  clicked: fc.boolean(),
  watchSeconds: fc.double({ min: 0, max: 10_800, noNaN: true }),
  score: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
  featuresChecksum: fc.option(fc.maxSafeNat(), { nil: undefined }),
});
const list = fc
  .record({
    userId: id,
    requestId: id,
    pageId: id,
    servedAtMs: fc.nat(),
    snapshotId: id,
    user,
    impressions: fc.array(impression, { maxLength: 4 }),
  })
  .map(({ impressions, snapshotId, ...ofList }) =>
    impressions.map(({ score, featuresChecksum, ...own }): RankingExample => ({
      ...ofList,
      ...own,
      served: { snapshotId, score, featuresChecksum },
    })),
  );

const plain = (example: RankingExample) => ({
  userId: example.userId,
  requestId: example.requestId,
  pageId: example.pageId,
  impressionId: example.impressionId,
  servedAtMs: example.servedAtMs,
  position: example.position,
  user: { ...example.user, numbers: example.user.numbers },
  video: { ...example.video, numbers: example.video.numbers },
  clicked: example.clicked,
  watchSeconds: example.watchSeconds,
  served: example.served,
});

describe('RankingExamples', () => {
  it('give back what was added', () => {
    fc.assert(
      fc.property(fc.array(list, { maxLength: 8 }), (lists) => {
        const kept = new RankingExamples();
        for (const example of lists.flat()) kept.add(example);
        expect(kept.list().map(plain)).toEqual(lists.flat().map(plain));
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('give impressions of a list one user, and each list its own', () => {
    const [some, others] = fc.sample(fc.tuple(user, user), { seed: 2, numRuns: 1 })[0];
    const shown = fc.sample(list, { seed: 2, numRuns: 40 }).flat().slice(0, 4);
    const kept = new RankingExamples();
    shown.forEach((example, n) => kept.add({ ...example, user: n < 2 ? some : others }));
    const users = kept.list().map((example) => example.user);
    expect(users).toHaveLength(4);
    expect(users.map((one) => users.indexOf(one))).toEqual([0, 0, 2, 2]);
  });
});
