import { DAY_MS, DRAWN, type RankingExample } from '@watchnext/features';
import { rankingExampleOf } from '@watchnext/testing';
import type { ReplayedLog } from '../pipeline/run-state';
import { popularVideos } from './popular-videos';

const NOW_MS = 100 * DAY_MS;
type Log = Pick<ReplayedLog, 'rankingExamples' | 'completedWatches'>;

const completed = (...watches: [videoId: string, daysAgo: number][]) =>
  watches.map(([videoId, daysAgo]) => ({ userId: 'u', videoId, atMs: NOW_MS - daysAgo * DAY_MS }));

interface Shown {
  readonly times: number;
  /** Of each impression; 0: not watched. */
  readonly watchSeconds: number;
  readonly country?: string;
  readonly daysAgo?: number;
}

const shown = (videoId: string, { times, watchSeconds, country = 'SE', daysAgo = 0 }: Shown): RankingExample[] =>
  Array.from({ length: times }, (_, n) => {
    const example = rankingExampleOf({
      userId: 'u',
      requestId: `${videoId} ${n}`,
      pageId: '',
      impressionId: `${videoId} ${country} ${n}`,
      servedAtMs: NOW_MS - daysAgo * DAY_MS,
      position: 0,
      videoId,
      clicked: watchSeconds > 0,
      watchSeconds,
    });
    return { ...example, user: { ...example.user, country } };
  });

const listsOf = (log: Partial<Log>, isListed = (_: string) => true, everywhere = 10, country = 10) =>
  popularVideos({ rankingExamples: [], completedWatches: [], ...log } as unknown as Log, NOW_MS, isListed, {
    everywhere,
    country,
  });
const ids = (list: readonly { readonly videoId: string }[] | undefined) => list?.map(({ videoId }) => videoId);

describe('popular videos', () => {
  it('are those that are watched longest where they are shown, not those that are shown and clicked most', () => {
    const { everywhere } = listsOf({
      rankingExamples: [
        ...shown('clickbait', { times: 1_500, watchSeconds: 5 }),
        ...shown('good', { times: 300, watchSeconds: 60 }),
        ...shown('dull', { times: 300, watchSeconds: 0 }),
      ],
      completedWatches: completed(['clickbait', 0], ['clickbait', 0], ['good', 0]),
    });
    expect(ids(everywhere)).toEqual(['good', 'clickbait', 'dull']);
    expect(everywhere[0].score).toBe(1);
  });

  it('are not those that a single viewer watched long', () => {
    const { everywhere } = listsOf({
      rankingExamples: [
        ...shown('once', { times: 1, watchSeconds: 100 }),
        ...shown('often', { times: 200, watchSeconds: 60 }),
        ...shown('rest', { times: 1_000, watchSeconds: 10 }),
      ],
    });
    expect(ids(everywhere)).toEqual(['often', 'once', 'rest']);
  });

  it('are of now: an impression counts half after seven days', () => {
    const faded = [
      ...shown('faded', { times: 2_000, watchSeconds: 0, daysAgo: 7 }),
      ...shown('faded', { times: 2_000, watchSeconds: 30, daysAgo: 28 }),
    ];
    const rising = shown('rising', { times: 1_000, watchSeconds: 4 });
    // Alike over all, (2,000 · 30) / 4,000; as they count, 3,750 s in 1,125 impressions.
    const { everywhere } = listsOf({ rankingExamples: [...faded, ...rising] });
    expect(ids(everywhere)).toEqual(['rising', 'faded']);
  });

  it('of a country are by its own impressions, and go on with those of everywhere', () => {
    const { everywhere, byCountry } = listsOf({
      rankingExamples: [
        ...shown('swedish', { times: 600, watchSeconds: 40, country: 'SE' }),
        ...shown('swedish', { times: 600, watchSeconds: 0, country: 'DE' }),
        ...shown('german', { times: 600, watchSeconds: 0, country: 'SE' }),
        ...shown('german', { times: 600, watchSeconds: 50, country: 'DE' }),
        ...shown('french', { times: 900, watchSeconds: 30, country: 'FR' }),
        ...shown('of nowhere', { times: 2_000, watchSeconds: 1, country: '' }),
      ],
    });
    expect(ids(everywhere)).toEqual(['french', 'german', 'swedish', 'of nowhere']);
    // 900 impressions of France are too few to go by.
    expect(Object.keys(byCountry)).toEqual(['DE', 'SE']);
    expect(ids(byCountry['DE'])).toEqual(['german', 'swedish', 'french', 'of nowhere']);
    expect(ids(byCountry['SE'])).toEqual(['swedish', 'german', 'french', 'of nowhere']);
    for (const list of Object.values(byCountry)) {
      const scores = list.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(scores.every((score) => score > 0 && score <= 1)).toBe(true);
    }
  });

  it('of a country are no more than are wanted of it', () => {
    const rankingExamples = ['a', 'b', 'c'].flatMap((id) => shown(id, { times: 500, watchSeconds: 10 }));
    const { everywhere, byCountry } = listsOf({ rankingExamples }, undefined, 3, 2);
    expect(ids(everywhere)).toEqual(['a', 'b', 'c']);
    expect(ids(byCountry['SE'])).toEqual(['a', 'b']);
  });

  it('are those completed most, a watch halving every three days, where too little was shown', () => {
    const { everywhere, byCountry } = listsOf({
      rankingExamples: shown('new', { times: 999, watchSeconds: 60 }),
      completedWatches: completed(['old', 3], ['old', 3], ['old', 3], ['new', 0], ['new', 0]),
    });
    expect(everywhere).toEqual([
      { videoId: 'new', score: 1 },
      { videoId: 'old', score: 0.75 },
    ]);
    expect(byCountry).toEqual({});
  });

  it('count no list that an import drew, in which each video has as many chances as it has watches', () => {
    const drawn = shown('seldom', { times: 2_000, watchSeconds: 60 }).map((example) => ({
      ...example,
      user: { ...example.user, surface: DRAWN },
    }));
    const { everywhere } = listsOf({ rankingExamples: drawn, completedWatches: completed(['most', 0]) });
    expect(everywhere).toEqual([{ videoId: 'most', score: 1 }]);
  });

  it('count nothing that a clock of today put behind the end of the log', () => {
    const { everywhere } = listsOf({
      rankingExamples: shown('stray', { times: 2_000, watchSeconds: 60, daysAgo: -5_000 }),
      completedWatches: completed(['a', -5_000], ['a', -5_000], ['a', 3], ['b', 3], ['b', 3]),
    });
    expect(everywhere).toEqual([
      { videoId: 'b', score: 1 },
      { videoId: 'a', score: 0.5 },
    ]);
  });

  it('fill a list to its length with what may be listed', () => {
    const rankingExamples = ['a', 'b', 'c', 'd'].flatMap((id, n) =>
      shown(id, { times: 300, watchSeconds: 40 - 10 * n }),
    );
    const { everywhere } = listsOf(
      { rankingExamples, completedWatches: completed(['e', 0], ['f', 0], ['f', 0]) },
      (videoId) => videoId !== 'b',
      4,
    );
    expect(ids(everywhere)).toEqual(['a', 'c', 'd', 'f']);
  });

  it('are none of an empty log, and scores are numbers where nothing was watched', () => {
    expect(listsOf({})).toEqual({ everywhere: [], byCountry: {} });
    const { everywhere } = listsOf({
      rankingExamples: shown('a', { times: 2_000, watchSeconds: 0 }),
      completedWatches: completed(['b', 0]),
    });
    expect(everywhere).toEqual([{ videoId: 'b', score: 1 }]);
  });
});
