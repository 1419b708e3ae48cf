import { type CountedImpression, CountingBaselines, ShrunkenMeans } from './counting-baselines';

describe('ShrunkenMeans', () => {
  it('pulls a mean toward the global one by the prior weight', () => {
    const means = new ShrunkenMeans(2);
    means.add('a', 1);
    means.add('a', 1);
    means.add('b', 0);
    means.add('b', 0);
    expect(means.mean('a')).toBeCloseTo((2 + 2 * 0.5) / 4);
    expect(means.mean('b')).toBeCloseTo((0 + 2 * 0.5) / 4);
    expect(means.mean('unknown')).toBeCloseTo(0.5);
  });
});

describe('CountingBaselines', () => {
  const row = (videoId: string, surface: string, clicked: boolean, watchSeconds: number): CountedImpression => ({
    userId: 'u',
    pageId: '',
    servedAtMs: 0,
    videoId,
    surface,
    clicked,
    watchSeconds,
  });

  it('expects of an item what its impressions earned, however long', () => {
    const training = Array.from({ length: 80 }, (_, i) =>
      row(i % 2 ? 'film' : 'clip', 'home', true, i % 2 ? 6_000 : 20),
    );
    const [film, clip, unknown] = CountingBaselines.of([
      ...training,
      ...training.map((one) => ({ ...one, clicked: false })),
    ]).itemMeanSeconds(['film', 'clip', 'new'].map((videoId) => row(videoId, 'home', false, 0)));
    const global = (6_000 + 20) / 4;
    expect(unknown).toBeCloseTo(global);
    expect(film).toBeCloseTo((40 * 6_000 + 20 * global) / 100);
    expect(clip).toBeCloseTo((40 * 20 + 20 * global) / 100);
  });

  it('counts watch seconds of clicked impressions per impression, capped, and multiplies by the odds of the surface', () => {
    const training = [
      ...Array.from({ length: 80 }, () => row('long', 'home', true, 1_000)),
      ...Array.from({ length: 80 }, () => row('short', 'home', true, 10)),
      ...Array.from({ length: 80 }, () => row('short', 'feed', false, 99)),
    ];
    const heldOut = [row('long', 'home', false, 0), row('short', 'home', false, 0), row('short', 'feed', false, 0)];
    const scores = CountingBaselines.of(training).scores(heldOut);
    const globalSeconds = (80 * 600 + 80 * 10) / 240;
    const globalRate = 160 / 240;
    expect(scores['item expected watch time'][0]).toBeCloseTo((80 * 600 + 20 * globalSeconds) / 100);
    expect(scores['item expected watch time'][1]).toBeCloseTo((80 * 10 + 20 * globalSeconds) / 180);
    expect(scores['item click rate'][2]).toBeCloseTo((80 + 20 * globalRate) / 180);
    const homeRate = (160 + 20 * (160 / 240)) / 180;
    expect(scores['item click rate x surface odds'][1]).toBeCloseTo(
      scores['item click rate'][1] * (homeRate / (1 - homeRate)),
    );
    expect(scores['item expected watch time x surface odds'][1]).toBeGreaterThan(
      scores['item expected watch time x surface odds'][2],
    );
  });

  it.each([0, 30])('are numbers where everything shown was watched, for %p s', (watchSeconds) => {
    const training = Array.from({ length: 30 }, () => row('a', 'autoplay', true, watchSeconds));
    const scores = CountingBaselines.of(training).scores([
      row('a', 'autoplay', true, 0),
      row('new', 'other', false, 0),
    ]);
    for (const ofScorer of Object.values(scores))
      expect([...ofScorer].filter((score) => !Number.isFinite(score))).toEqual([]);
    expect(scores['item click rate x surface odds'][0]).toBeGreaterThan(scores['item click rate x surface odds'][1]);
  });
});
