import { TrendingVideos } from './trending';

const DAY_MS = 86_400_000;
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

  it('does not sort again within a second', () => {
    const trending = new TrendingVideos();
    trending.add('a', 'p1', 0);
    expect(ids(trending, 10_000)).toEqual(['a']);
    trending.add('b', 'p2', DAY_MS);
    expect(ids(trending, 10_500)).toEqual(['a']);
    expect(ids(trending, 11_000)).toEqual(['b', 'a']);
  });
});
