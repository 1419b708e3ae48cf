import type { RequestContext } from '@watchnext/contract';
import { newState } from '@watchnext/features';
import { rank } from './rank';
import type { RankingSnapshot } from './ranking-snapshot';

/** A ranker whose tower runs are counted, and whose model has two groups of columns that differ between candidates. */
function rankerOf(onRun: (runs: number) => void) {
  let runs = 0;
  const run = async (_user: unknown, rows: Float32Array, count: number) => {
    onRun(++runs);
    return new Float32Array(count);
  };
  const ranker = {
    tower: { run },
    model: {
      userSize: 1,
      videoSize: 2,
      inputGroups: [
        { name: 'a', from: 1, to: 2 },
        { name: 'b', from: 2, to: 3 },
      ],
      scoreOf: () => ({ logit: 0, expectedWatchSeconds: 1 }),
      rawFeatures: () => [],
    },
    score: async (
      _state: unknown,
      _context: unknown,
      candidates: readonly unknown[],
      _keep: boolean,
      use: (scored: object) => unknown,
    ) => {
      const logits = await run(undefined, new Float32Array(), candidates.length);
      const videoRows = Float32Array.from({ length: 2 * candidates.length }, (_, index) => index);
      return use({
        user: {},
        encodedUser: { columns: new Float32Array(1) },
        videoRows,
        logits,
        checksums: new Float64Array(candidates.length),
        videos: candidates,
      });
    },
  };
  return { snapshot: { ranker } as unknown as RankingSnapshot, runs: () => runs };
}

const query = {
  state: newState('ada'),
  context: {} as RequestContext,
  candidates: ['a', 'b'].map((videoId) => ({ videoId, video: undefined, source: '', sourceScore: 0 })),
  explain: true,
  checksumCount: 0,
};

describe('rank', () => {
  it('runs the tower once, and once more for each group that it explains', async () => {
    const { snapshot, runs } = rankerOf(() => undefined);
    const scores = await rank(snapshot, query, new AbortController().signal);
    expect(scores[0]!.parts.map(({ group }) => group)).toEqual(['a', 'b']);
    expect(runs()).toBe(3);
  });

  it('makes no list for what is not explained', async () => {
    const { snapshot, runs } = rankerOf(() => undefined);
    const scores = await rank(snapshot, { ...query, explain: false }, new AbortController().signal);
    expect(scores.map(({ features, parts }) => [features, parts])).toEqual(scores.map(() => [[], []]));
    const lists = new Set(scores.flatMap(({ features, parts }) => [features, parts]));
    expect(lists.size).toBe(1);
    // Whoever wrote to one would write to all.
    expect([...lists].every(Object.isFrozen)).toBe(true);
    expect(runs()).toBe(1);
  });

  it('does nothing for a caller that is gone', () => {
    const { snapshot, runs } = rankerOf(() => undefined);
    expect(() => rank(snapshot, query, AbortSignal.abort(new Error('gone')))).toThrow('gone');
    expect(runs()).toBe(0);
  });

  it('stops between two runs of the tower when the caller leaves', async () => {
    const caller = new AbortController();
    const { snapshot, runs } = rankerOf((count) => count === 2 && caller.abort(new Error('gone')));
    await expect(rank(snapshot, query, caller.signal)).rejects.toThrow('gone');
    expect(runs()).toBe(2);
  });
});
