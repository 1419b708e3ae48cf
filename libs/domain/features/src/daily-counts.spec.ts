import fc from 'fast-check';
import { DailyCounts } from './daily-counts';
import type { ImpressionCounts } from './types';
import { DAY_MS } from './time';

const addition = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  day: fc.nat(40),
  what: fc.constantFrom('watch', 'shown', 'clicked'),
  watchSeconds: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e4, noNaN: true })),
});
type Addition = typeof addition extends fc.Arbitrary<infer One> ? One : never;

/** As the docstring says it: one addition after the other, days before that of the question. */
function counted(additions: readonly Addition[], key: string, today: number): ImpressionCounts | undefined {
  const byDay = new Map<number, ImpressionCounts>();
  const none = { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 };
  const sum = (left: ImpressionCounts, right: ImpressionCounts) => ({
    impressionCount: left.impressionCount + right.impressionCount,
    clickCount: left.clickCount + right.clickCount,
    clickWatchSeconds: left.clickWatchSeconds + right.clickWatchSeconds,
    watchCount: left.watchCount + right.watchCount,
  });
  for (const { key: own, day, what, watchSeconds } of additions) {
    if (own !== key || day >= today) continue;
    const isClicked = what === 'clicked';
    const one = {
      impressionCount: what === 'watch' ? 0 : 1,
      clickCount: isClicked ? 1 : 0,
      clickWatchSeconds: isClicked ? watchSeconds : 0,
      watchCount: what === 'watch' ? 1 : 0,
    };
    byDay.set(day, sum(byDay.get(day) ?? none, one));
  }
  if (byDay.size === 0) return undefined;
  return [...byDay].sort(([left], [right]) => left - right).reduce((all, [, counts]) => sum(all, counts), none);
}

describe('DailyCounts', () => {
  it('answers of whatever was added so far, between few additions and many', () => {
    const parts = fc.array(
      fc.oneof(fc.array(addition, { maxLength: 5 }), fc.array(addition, { minLength: 500, maxLength: 1_200 })),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(parts, fc.nat(45), (batches, today) => {
        const counts = new DailyCounts();
        const added: Addition[] = [];
        for (const batch of batches) {
          for (const one of batch) {
            const { key, day, what, watchSeconds } = one;
            const [row, atMs] = [counts.rowOf(key), day * DAY_MS + 5];
            if (what === 'watch') counts.addWatch(row, atMs);
            else counts.addImpression(row, atMs, what === 'clicked', watchSeconds);
            added.push(one);
          }
          for (const key of ['a', 'b', 'c', 'd', 'never']) {
            expect(counts.asOf(key, today * DAY_MS)).toEqual(counted(added, key, today));
          }
        }
        const all = new Map(
          [...new Set(added.map(({ key }) => key))].map((key) => [key, counted(added, key, Infinity)]),
        );
        expect([...counts.allAsOf(Infinity)]).toEqual([...all]);
      }),
      { seed: 1, numRuns: 40 },
    );
  });
});
