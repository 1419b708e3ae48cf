import { checkSnapshot, LastQueries, ScoresError } from './check-snapshot';
import type { RankQuery } from './rank';
import type { RankingSnapshot } from './ranking-snapshot';
import { TowerOverloadedError } from '@watchnext/inference';

const query = (requestId: number) =>
  ({
    state: {},
    context: {},
    explain: true,
    checksumCount: 0,
    candidates: Array(100).fill({ videoId: `v${requestId}` }),
  }) as unknown as RankQuery;

/** A snapshot that gives a row of zeros this logit, and each candidate of a request that one. */
function snapshotOf(ofZeros: number, ofRequests: number, failures: Error[] = []) {
  const counts = { runs: 0, requests: 0 };
  const scoreOf = (logits: Float32Array, row: number) => ({
    logit: logits[row]!,
    expectedWatchSeconds: Math.exp(logits[row]!),
  });
  const model = { userSize: 3, videoSize: 2, scoreOf };
  const ranker = {
    model,
    tower: {
      run: async (_user: Float32Array, _videos: Float32Array, rowCount: number) => {
        const failure = failures.pop();
        if (failure) throw failure;
        counts.runs++;
        return new Float32Array(rowCount).fill(ofZeros);
      },
    },
    score: async (
      _state: unknown,
      _context: unknown,
      candidates: unknown[],
      keeps: boolean,
      use: (rows: object) => unknown,
    ) => {
      counts.requests++;
      expect(keeps).toBe(false);
      return use({
        logits: new Float32Array(candidates.length).fill(ofRequests),
        checksums: new Float64Array(candidates.length),
      });
    },
  };
  return { snapshot: { ranker } as unknown as RankingSnapshot, counts };
}

describe('a snapshot of ranking, before it takes over', () => {
  it('runs once for each thread, and on the last requests', async () => {
    const { snapshot, counts } = snapshotOf(0, 1);
    await expect(
      checkSnapshot(
        snapshot,
        [query(1), { ...query(2), explain: false }].map((one) => ({ ...one, explain: false })),
        3,
      ),
    ).resolves.toEqual({
      queryCount: 2,
    });
    expect(counts).toEqual({ runs: 3, requests: 2 });
  });

  it.each([
    [NaN, 1],
    [0, NaN],
    // Its exponential is no finite watch time.
    [1_000, 1],
    [0, 1_000],
  ])('is refused where a score is not finite (%d, %d)', async (ofZeros, ofRequests) => {
    const { snapshot } = snapshotOf(ofZeros, ofRequests);
    await expect(checkSnapshot(snapshot, [{ ...query(1), explain: false }], 1)).rejects.toBeInstanceOf(ScoresError);
  });

  it('is not refused because the threads are busy', async () => {
    const { snapshot, counts } = snapshotOf(0, 1, [new TowerOverloadedError(64), new TowerOverloadedError(64)]);
    await checkSnapshot(snapshot, [], 1);
    expect(counts.runs).toBe(1);
  });

  it('keeps a request a second, eight of them, with few candidates and nothing to explain', () => {
    const last = new LastQueries();
    for (let i = 0; i < 40; i++) last.add(query(i), i * 500);
    const kept = last.all();
    expect(kept.map(({ candidates }) => candidates[0]!.videoId).sort()).toEqual(
      [24, 26, 28, 30, 32, 34, 36, 38].map((i) => `v${i}`),
    );
    expect(kept.every(({ candidates, explain }) => candidates.length === 64 && !explain)).toBe(true);
  });
});
