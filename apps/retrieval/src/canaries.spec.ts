import type { CandidateFeatures } from '@watchnext/features';
import { type NearestOptions, type NearestQuery, SearchOverloadedError } from '@watchnext/vector-search';
import { checkSnapshot } from './canaries';
import type { RetrievalSnapshot } from './retrieval-snapshot';

jest.mock('./user-vector', () => ({ userVectorOf: async () => new Float32Array([1, 0]) }));

const LIMITS = { minimumRecall: 0.9, minimumOverlap: 0.1 };
/** Of each answer, the index finds the best so many of the hundred nearest. */
const snapshotFinding = (count: number, videoCount = 200) =>
  ({
    model: {
      videoVectors: new Float32Array(2 * videoCount),
      videoCount,
      config: { dimensions: 2 },
    },
    videos: { videoIdOf: (label: number) => `v${label}` },
    index: {
      // All that may wait do.
      nearest: async (_query: NearestQuery, { isPatient }: NearestOptions = {}) => {
        if (!isPatient) throw new SearchOverloadedError(64);
        return { labels: [1, 2, 3, 4] };
      },
      compare: async () => ({
        exact: { scores: Array.from({ length: 100 }, (_, i) => 100 - i) },
        found: { scores: Array.from({ length: 100 }, (_, i) => (i < count ? 100 - i : 0)) },
      }),
    },
  }) as unknown as RetrievalSnapshot;
const viewers = Array.from({ length: 10 }, () => ({}) as CandidateFeatures);

describe('canary queries', () => {
  it('of viewers must find what exact search finds', async () => {
    await expect(checkSnapshot(snapshotFinding(95), undefined, viewers, LIMITS)).resolves.toMatchObject({
      recall: expect.closeTo(0.95, 9) as number,
    });
    await expect(checkSnapshot(snapshotFinding(89), undefined, viewers, LIMITS)).rejects.toThrow(/89.0%, below 90.0%/);
  });

  it('of one viewer say as little as those of videos, which come beside them', async () => {
    const lone = viewers.slice(0, 1);
    await expect(checkSnapshot(snapshotFinding(85), undefined, lone, LIMITS)).resolves.toMatchObject({
      queryCount: 50,
    });
    await expect(checkSnapshot(snapshotFinding(5), undefined, lone, LIMITS)).rejects.toThrow(/5.0%, below 50.0%/);
    await expect(checkSnapshot(snapshotFinding(85), undefined, viewers, LIMITS)).rejects.toThrow(/85.0%, below 90.0%/);
  });

  it('of videos, where nobody asked yet, only tell a broken index from a sound one', async () => {
    const { recall } = await checkSnapshot(snapshotFinding(80), undefined, [], LIMITS);
    expect(recall).toBeCloseTo(0.8, 9);
    await expect(checkSnapshot(snapshotFinding(5), undefined, [], LIMITS)).rejects.toThrow(/5.0%, below 50.0%/);
  });

  it('wait behind however many requests do: they say nothing of the snapshot', async () => {
    const [next, previous] = [snapshotFinding(95, 1_000), snapshotFinding(95, 1_000)];
    await expect(checkSnapshot(next, previous, viewers, LIMITS)).resolves.toMatchObject({ overlap: 1 });
  });
});
