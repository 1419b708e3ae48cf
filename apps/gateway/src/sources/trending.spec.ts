import fc from 'fast-check';
import { DAY_MS } from '@watchnext/features';
import { TrendingVideos } from './trending';

const ids = (trending: TrendingVideos, nowMs: number) => trending.top(10, nowMs).map(({ videoId }) => videoId);

describe('TrendingVideos', () => {
  it('counts a playback once, however many parts it is reported in', () => {
    const trending = new TrendingVideos();
    for (let part = 0; part < 5; part++) trending.add('ada', 'a', 'one playback', 1000 + part);
    trending.add('ada', 'b', 'p1', 1000);
    trending.add('ada', 'b', 'p2', 1000);
    expect(ids(trending, 0)).toEqual(['b', 'a']);
  });

  it('counts each video of a session that keeps one playback id', () => {
    const trending = new TrendingVideos();
    for (const videoId of ['a', 'b', 'c']) trending.add('ada', videoId, 'session 1', 1000);
    expect(ids(trending, 0)).toEqual(['a', 'b', 'c']);
  });

  it('counts each viewer whose player counts its playbacks from 1', () => {
    const trending = new TrendingVideos();
    trending.add('ada', 'b', '1', 1000);
    trending.add('bob', 'b', '1', 1000);
    trending.add('ada', 'a', '1', 1000);
    expect(trending.top(2, 0)).toEqual([
      { videoId: 'b', score: 1 },
      { videoId: 'a', score: 0.5 },
    ]);
  });

  it('counts a long playback once that is reported on while all that are remembered begin', () => {
    const trending = new TrendingVideos();
    const count = 200_000;
    for (let i = 0; i < count; i++) {
      // 100,000 are remembered.
      if (i % 60_000 === 0) trending.add('ada', 'long', 'p', 1000);
      trending.add('bob', 'short', `p${i}`, 1000);
    }
    expect(trending.top(2, 0)).toEqual([
      { videoId: 'short', score: 1 },
      { videoId: 'long', score: 1 / count },
    ]);
  });

  it('lets a playback weigh half after a day', () => {
    const trending = new TrendingVideos();
    trending.add('ada', 'old', 'p1', 0);
    trending.add('ada', 'new', 'p2', DAY_MS);
    expect(trending.top(2, 0)).toEqual([
      { videoId: 'new', score: 1 },
      { videoId: 'old', score: 0.5 },
    ]);
  });

  it('has finite scores over years of watches', () => {
    const trending = new TrendingVideos();
    for (let day = 0; day < 3_000; day++) trending.add('ada', `v${day}`, `p${day}`, day * DAY_MS);
    const top = trending.top(3, 0);
    expect(top.map(({ videoId }) => videoId)).toEqual(['v2999', 'v2998', 'v2997']);
    expect(top.map(({ score }) => score)).toEqual([1, 0.5, 0.25]);
  });

  it('counts none from the future, beside which all others would weigh nothing', () => {
    const nowMs = 20_000 * DAY_MS;
    const trending = new TrendingVideos(() => nowMs);
    trending.add('ada', 'a', 'p1', nowMs);
    trending.add('ada', 'mad', 'p2', nowMs + 3_000 * DAY_MS);
    // Within what clocks differ by.
    trending.add('ada', 'fast', 'p3', nowMs + 3_600_000);
    for (let i = 0; i < 2; i++) trending.add('ada', 'b', `b${i}`, nowMs);
    expect(ids(trending, nowMs)).toEqual(['b', 'fast', 'a']);
  });

  it('does not sort again within a second', () => {
    const trending = new TrendingVideos();
    trending.add('ada', 'a', 'p1', 0);
    expect(ids(trending, 10_000)).toEqual(['a']);
    trending.add('ada', 'b', 'p2', DAY_MS);
    expect(ids(trending, 10_500)).toEqual(['a']);
    expect(ids(trending, 11_000)).toEqual(['b', 'a']);
  });

  it('sorts again where the wall clock was set back', () => {
    const trending = new TrendingVideos();
    trending.add('ada', 'a', 'p1', 0);
    expect(ids(trending, 3_600_000)).toEqual(['a']);
    trending.add('ada', 'b', 'p2', DAY_MS);
    expect(ids(trending, 0)).toEqual(['b', 'a']);
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
          trending.add('ada', videoId, `p${i}`, day * DAY_MS);
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
    for (let i = 0; i < 2_000; i++) trending.add('ada', `v${i}`, `p${i}`, i);
    expect(trending.top(3, 0)).toHaveLength(3);
    expect(trending.top(1_500, 1).map(({ videoId }) => videoId)).toEqual(
      Array.from({ length: 1_500 }, (_, i) => `v${1_999 - i}`),
    );
  });
});
