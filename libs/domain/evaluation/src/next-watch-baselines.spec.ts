import fc from 'fast-check';
import { coOccurrenceScorer, itemKnnScorer, lastItemMarkovScorer } from './co-watch-scorers';
import { popularityScorer, recentPopularityScorer } from './popularity-scorers';
import { type Watch, type WatchLog, watchLogOf } from './watch-log';

const VIDEOS = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'];
const drawnWatches = fc.array(
  fc.record({
    userId: fc.constantFrom('a', 'b', 'c', 'd'),
    videoId: fc.constantFrom(...VIDEOS),
    atMs: fc.integer({ min: 0, max: 50 }),
  }),
  { minLength: 1, maxLength: 60 },
);

const sequences = (watches: readonly Watch[]) => {
  const byUser = new Map<string, string[]>();
  for (const { userId, videoId } of watches) byUser.set(userId, [...(byUser.get(userId) ?? []), videoId]);
  return [...byUser.values()];
};
const indices = (log: WatchLog, videoIds: readonly string[]) =>
  Int32Array.from(videoIds, (videoId) => log.videoIds.indexOf(videoId));
const ask = (log: WatchLog, history: readonly string[], atMs = NaN) => ({
  userId: 'a',
  history: indices(log, history),
  atMs,
});
/** Score by video id. */
const named = (log: WatchLog, scores: ArrayLike<number>) =>
  new Map(log.videoIds.map((videoId, index) => [videoId, scores[index]]));

/** Popularity may only break ties, so both sides must agree to far less than one count. */
function expectScores(log: WatchLog, scores: ArrayLike<number>, expected: (videoId: string) => number) {
  for (const [videoId, score] of named(log, scores)) expect(score).toBeCloseTo(expected(videoId), 4);
}

describe('popularityScorer', () => {
  it('counts watches', () => {
    const log = watchLogOf([{ userId: 'a', videoId: 'v1', atMs: 0 }], true, VIDEOS);
    expect(named(log, popularityScorer(log).score(ask(log, []))).get('v1')).toBe(1);
  });
});

describe('recentPopularityScorer', () => {
  it('is in proportion to Σ 2^(−age / half-life) of the watches before the query, in any order of queries', () => {
    fc.assert(
      fc.property(drawnWatches, fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (watches, moments) => {
        const log = watchLogOf(watches, true);
        const scorer = recentPopularityScorer(log, 5);
        for (const atMs of moments) {
          const scores = named(log, scorer.score(ask(log, [], atMs)));
          const expected = (videoId: string) =>
            watches
              .filter((watch) => watch.videoId === videoId && watch.atMs < atMs)
              .reduce((sum, watch) => sum + 2 ** ((watch.atMs - atMs) / 5), 0);
          const total = [...scores.values()].reduce((sum, score) => sum + score, 0);
          const wanted = log.videoIds.reduce((sum, videoId) => sum + expected(videoId), 0);
          for (const [videoId, score] of scores) {
            expect(score / (total || 1)).toBeCloseTo(expected(videoId) / (wanted || 1), 9);
          }
        }
      }),
      { seed: 11, numRuns: 100 },
    );
  });

  it('does not overflow over thousands of half-lives', () => {
    const log = watchLogOf(
      Array.from({ length: 5_000 }, (_, day) => ({ userId: 'a', videoId: `v${day % 3}`, atMs: day })),
      true,
    );
    const scores = named(log, recentPopularityScorer(log, 1).score(ask(log, [], 5_000)));
    expect([...scores.values()].every(Number.isFinite)).toBe(true);
    // The last three watches are of v0 (day 4,998), v1 (4,999) and, before them, v2 (4,997): each weighs half the next.
    expect((scores.get('v1') ?? 0) / (scores.get('v0') ?? 0)).toBeCloseTo(2, 6);
    expect((scores.get('v0') ?? 0) / (scores.get('v2') ?? 0)).toBeCloseTo(2, 6);
  });

  it('cannot be had without times', () => {
    const log = watchLogOf([{ userId: 'a', videoId: 'v1', atMs: 0 }], false);
    expect(() => recentPopularityScorer(log, 1)).toThrow('times');
  });
});

describe('itemKnnScorer', () => {
  it('sums the cosines of user sets over the videos of the history', () => {
    fc.assert(
      fc.property(drawnWatches, fc.subarray(VIDEOS), (watches, drawnHistory) => {
        const log = watchLogOf(watches, false);
        const history = drawnHistory.filter((videoId) => log.videoIds.includes(videoId));
        const sets = sequences(watches).map((videos) => new Set(videos));
        const users = (...ids: string[]) => sets.filter((set) => ids.every((id) => set.has(id))).length;
        expectScores(log, itemKnnScorer(log).score(ask(log, history)), (videoId) =>
          history
            .filter((other) => other !== videoId)
            .reduce((sum, other) => sum + users(videoId, other) / Math.sqrt(users(videoId) * users(other)), 0),
        );
      }),
      { seed: 12, numRuns: 200 },
    );
  });

  it('looks at the latest watches of a heavy user only', () => {
    const log = watchLogOf(
      ['v0', 'v1', 'v2'].map((videoId, atMs) => ({ userId: 'a', videoId, atMs })),
      false,
    );
    const scores = named(log, itemKnnScorer(log, { watchesPerUser: 2 }).score(ask(log, ['v2'])));
    expect(scores.get('v1')).toBeCloseTo(1, 4);
    expect(scores.get('v0')).toBeCloseTo(0, 4);
  });
});

describe('lastItemMarkovScorer', () => {
  it('counts what came right after the last video', () => {
    fc.assert(
      fc.property(drawnWatches, (watches) => {
        const log = watchLogOf(watches, false);
        const last = watches[0].videoId;
        const follows = (videoId: string) =>
          sequences(watches).reduce(
            (count, videos) =>
              count + videos.filter((video, i) => i > 0 && video === videoId && videos[i - 1] === last).length,
            0,
          );
        expectScores(log, lastItemMarkovScorer(log).score(ask(log, [last])), (videoId) =>
          videoId === last ? 0 : follows(videoId),
        );
      }),
      { seed: 13, numRuns: 200 },
    );
  });

  it('falls back to popularity for a user without a history', () => {
    const log = watchLogOf(
      ['v0', 'v1', 'v1'].map((videoId, atMs) => ({ userId: `u${atMs}`, videoId, atMs })),
      false,
    );
    const scores = named(log, lastItemMarkovScorer(log).score(ask(log, [])));
    expect(scores.get('v1')).toBeGreaterThan(scores.get('v0') ?? NaN);
  });
});

describe('coOccurrenceScorer', () => {
  it('sums smoothed rows over the end of the history, as a matrix in the open gives it', () => {
    const options = { window: 3, decay: 0.7, backward: 0.4, smoothing: 2 };
    fc.assert(
      fc.property(drawnWatches, fc.array(fc.constantFrom(...VIDEOS), { maxLength: 6 }), (watches, drawnHistory) => {
        const log = watchLogOf(watches, false);
        const history = drawnHistory.filter((videoId) => log.videoIds.includes(videoId));
        const together = (i: string, j: string) => {
          let sum = 0;
          for (const videos of sequences(watches)) {
            videos.forEach((first, p) =>
              videos.forEach((second, q) => {
                const distance = Math.abs(p - q);
                if (p === q || distance > options.window || first !== i || second !== j || i === j) return;
                sum += options.decay ** (distance - 1) * (q > p ? 1 : options.backward);
              }),
            );
          }
          return sum;
        };
        const popularity = (j: string) => watches.filter(({ videoId }) => videoId === j).length / watches.length;
        expectScores(log, coOccurrenceScorer(log, options).score(ask(log, history)), (j) => {
          if (history.length === 0) return popularity(j);
          return [...history]
            .reverse()
            .slice(0, options.window)
            .reduce((sum, i, back) => {
              const mass = log.videoIds.reduce((total, other) => total + together(i, other), 0);
              const row = (together(i, j) + options.smoothing * popularity(j)) / (mass + options.smoothing);
              return sum + options.decay ** back * row;
            }, 0);
        });
      }),
      { seed: 14, numRuns: 150 },
    );
  });
});
