import fc from 'fast-check';
import { DAY_MS } from '@watchnext/features';
import { TrendingVideos } from './trending';

const ids = (trending: TrendingVideos, nowMs: number) => trending.top(10, nowMs).map(({ videoId }) => videoId);

describe('TrendingVideos', () => {
  it('counts a playback once, however many parts it is reported in', () => {
    const trending = new TrendingVideos();
    for (let part = 0; part < 5; part++) trending.add('a', 'one playback', 1000 + part);
    trending.add('b', 'p1', 1000);
    trending.add('b', 'p2', 1000);
    expect(ids(trending, 0)).toEqual(['b', 'a']);
  });

  it('lets a playback weigh half after a day', () => {
    const trending = new TrendingVideos();
    trending.add('old', 'p1', 0);
    trending.add('new', 'p2', DAY_MS);
    expect(trending.top(2, 0)).toEqual([
      { videoId: 'new', score: 1 },
      { videoId: 'old', score: 0.5 },
    ]);
  });

  it('has finite scores over years of watches', () => {
    const trending = new TrendingVideos();
    for (let day = 0; day < 3_000; day++) trending.add(`v${day}`, `p${day}`, day * DAY_MS);
    const top = trending.top(3, 0);
    expect(top.map(({ videoId }) => videoId)).toEqual(['v2999', 'v2998', 'v2997']);
    expect(top.map(({ score }) => score)).toEqual([1, 0.5, 0.25]);
  });

  it('counts none from the future, beside which all others would weigh nothing', () => {
    const nowMs = 20_000 * DAY_MS;
    const trending = new TrendingVideos(() => nowMs);
    trending.add('a', 'p1', nowMs);
    trending.add('mad', 'p2', nowMs + 3_000 * DAY_MS);
    // Within what clocks differ by.
    trending.add('fast', 'p3', nowMs + 3_600_000);
    for (let i = 0; i < 2; i++) trending.add('b', `b${i}`, nowMs);
    expect(ids(trending, nowMs)).toEqual(['b', 'fast', 'a']);
  });

  it('does not sort again within a second', () => {
    const trending = new TrendingVideos();
    trending.add('a', 'p1', 0);
    expect(ids(trending, 10_000)).toEqual(['a']);
    trending.add('b', 'p2', DAY_MS);
    expect(ids(trending, 10_500)).toEqual(['a']);
    expect(ids(trending, 11_000)).toEqual(['b', 'a']);
  });

  it('gives what a full sort would, and forgets what a full sort would, also among equals', () => {
    const playback = fc.record({ video: fc.nat(40), day: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(playback, { maxLength: 150 }), fc.nat(45), (playbacks, limit) => {
        const maxVideos = 20;
        const trending = new TrendingVideos(Date.now, maxVideos);
        const weights = new Map<string, number>();
        const sorted = () => [...weights].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
        let firstDay: number | undefined;
        playbacks.forEach(({ video, day }, i) => {
          const videoId = `v${video}`;
          firstDay ??= day;
          trending.add(videoId, `p${i}`, day * DAY_MS);
          weights.set(videoId, (weights.get(videoId) ?? 0) + 2 ** (day - firstDay));
          if (weights.size > maxVideos) for (const [lighter] of sorted().slice(maxVideos / 2)) weights.delete(lighter);
        });
        const most = sorted()[0]?.[1] ?? 1;
        const expected = sorted().map(([videoId, weight]) => ({ videoId, score: weight / most }));
        expect(trending.top(limit, 0)).toEqual(expected.slice(0, limit));
      }),
      { seed: 5 },
    );
  });

  it('orders as many as are asked for, though fewer were asked for before', () => {
    const trending = new TrendingVideos();
    for (let i = 0; i < 2_000; i++) trending.add(`v${i}`, `p${i}`, i);
    expect(trending.top(3, 0)).toHaveLength(3);
    expect(trending.top(1_500, 1).map(({ videoId }) => videoId)).toEqual(
      Array.from({ length: 1_500 }, (_, i) => `v${1_999 - i}`),
    );
  });
});
