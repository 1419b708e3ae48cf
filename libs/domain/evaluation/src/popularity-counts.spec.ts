import { PopularityCounts } from './popularity-counts';

describe('PopularityCounts', () => {
  it('ranks by count, ties by id', () => {
    const counts = new PopularityCounts();
    for (const videoId of ['b', 'a', 'c', 'c']) counts.add(videoId, 0);
    expect(counts.ranked().map(({ videoId }) => videoId)).toEqual(['c', 'a', 'b']);
    expect([...counts.scores(['a', 'unknown', 'c'])]).toEqual([1, 0, 2]);
  });

  it('halves a watch for each half-life of age when recent', () => {
    const counts = new PopularityCounts({ nowMs: 200, halfLifeMs: 100 });
    counts.add('old', 0);
    counts.add('old', 0);
    counts.add('new', 200);
    expect(counts.count('old')).toBeCloseTo(0.5);
    expect(counts.ranked()[0]).toEqual({ videoId: 'new', score: 1 });
  });
});
