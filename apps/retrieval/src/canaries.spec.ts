import type { CandidateFeatures } from '@watchnext/features';
import { type NearestOptions, type NearestQuery, SearchOverloadedError } from '@watchnext/vector-search';
import { CanaryQueries, checkSnapshot } from './canaries';
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
const queriesOf = (viewerCount: number) => Array.from({ length: viewerCount }, () => ({}) as CandidateFeatures);
const viewers = queriesOf(10);

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
    await expect(checkSnapshot(next, previous, queriesOf(20), LIMITS)).resolves.toMatchObject({ overlap: 1 });
  });

  it('are not compared with the answers of before where few viewers asked', async () => {
    const [next, previous] = [snapshotFinding(95, 1_000), snapshotFinding(95, 1_000)];
    const impossible = { ...LIMITS, minimumOverlap: 2 };
    await expect(checkSnapshot(next, previous, queriesOf(19), impossible)).resolves.toMatchObject({
      overlap: undefined,
    });
    await expect(checkSnapshot(next, previous, queriesOf(20), impossible)).rejects.toThrow(/100.0% of the previous/);
  });

  it('are compared with the answers of an older snapshot, and not on the way back to it', async () => {
    const [older, newer] = ['20260101T000000Z-aaaaaa', '20260102T000000Z-bbbbbb'].map((snapshotId) => ({
      ...snapshotFinding(95, 1_000),
      snapshotId,
    })) as [RetrievalSnapshot, RetrievalSnapshot];
    const impossible = { ...LIMITS, minimumOverlap: 2 };
    await expect(checkSnapshot(newer, older, queriesOf(20), impossible)).rejects.toThrow(/100.0% of the previous/);
    await expect(checkSnapshot(older, newer, queriesOf(20), impossible)).resolves.toMatchObject({ overlap: undefined });
  });
});

describe('the canary queries that are kept', () => {
  const featuresOf = (name: string) => ({ name }) as unknown as CandidateFeatures;

  it('are of different viewers, however often one asks', () => {
    const queries = new CanaryQueries();
    for (let i = 0; i < 100; i++) queries.add('probe', featuresOf('probe'), 2_000 * i);
    queries.add('viewer', featuresOf('viewer'), 200_000);
    expect(queries.all()).toEqual([featuresOf('probe'), featuresOf('viewer')]);
  });

  it('are at most one a second, in which one that asks all the time takes no turn', () => {
    const queries = new CanaryQueries();
    queries.add('a', featuresOf('a'), 0);
    queries.add('b', featuresOf('b'), 999);
    queries.add('a', featuresOf('a'), 1_000);
    queries.add('c', featuresOf('c'), 1_001);
    expect(queries.all()).toEqual([featuresOf('a'), featuresOf('c')]);
  });

  it('are those of the last fifty', () => {
    const queries = new CanaryQueries();
    for (let i = 0; i < 60; i++) queries.add(`u${i}`, featuresOf(`u${i}`), 1_000 * i);
    expect(queries.all()).toEqual(Array.from({ length: 50 }, (_, i) => featuresOf(`u${i + 10}`)));
  });
});
