import { DAY_MS } from '@watchnext/features';
import { videoFactsOf } from '@watchnext/testing';
import type { ReplayedLog } from '../pipeline/run-state';
import { videoLists } from './video-lists';

const NOW_MS = 100 * DAY_MS;

const replayed = (uploadedDaysAgo: Record<string, number>, watches: [string, number][]) =>
  ({
    facts: new Map(
      Object.entries(uploadedDaysAgo).map(([id, days]) => [id, videoFactsOf({ uploadedAtMs: NOW_MS - days * DAY_MS })]),
    ),
    rankingExamples: [],
    completedWatches: watches.map(([videoId, daysAgo]) => ({ userId: 'u', videoId, atMs: NOW_MS - daysAgo * DAY_MS })),
  }) as unknown as ReplayedLog;
const catalogue = (...withdrawn: string[]) => ({ facts: new Map(), withdrawn: new Set(withdrawn) });

describe('the lists of a snapshot', () => {
  it('are newest first, the score halving every seven days; uploads of the future or of no date left out', () => {
    const { fresh } = videoLists(replayed({ a: 7, b: 0, future: -1, undated: 100 }, []), catalogue(), NOW_MS);
    expect(fresh.map(({ videoId, score }) => [videoId, score])).toEqual([
      ['b', 1],
      ['a', 0.5],
    ]);
  });

  it('hold no withdrawn video, nor one of which nothing is known', () => {
    const log = replayed({ a: 1, b: 1 }, [
      ['a', 0],
      ['b', 0],
      ['unknown', 0],
    ]);
    const lists = videoLists(log, catalogue('a'), NOW_MS);
    for (const list of [lists.popular, lists.fresh]) expect(list.map(({ videoId }) => videoId)).toEqual(['b']);
  });
});
