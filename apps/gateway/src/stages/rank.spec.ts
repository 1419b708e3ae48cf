import type { RankScore } from '@watchnext/contract';
import { catalogueVideo } from '@watchnext/features';
import type { BlendedCandidate } from '../pipeline/draft';
import { DependencyError } from '../pipeline/failure';
import { SnapshotMissingError } from '../clients/rpc-failure';
import type { Draft } from '../pipeline/draft';
import { commonSnapshot, rankStage, withScores } from './rank';

const candidate = (videoId: string): BlendedCandidate => ({
  videoId,
  video: catalogueVideo(videoId),
  sources: [{ source: 'retrieval', score: 1 }],
});
const score = (videoId: string, expectedWatchSeconds: number): RankScore => ({
  videoId,
  expectedWatchSeconds,
  featuresChecksum: 1,
  features: [],
  parts: [],
  logit: 0,
});
const response = (...scores: RankScore[]) => ({ snapshotId: 's', scores, heldSnapshotIds: [] });
const candidates = [candidate('a'), candidate('b')];

describe('what ranking answers', () => {
  it('orders the candidates', () => {
    const ranked = withScores(candidates, response(score('a', 1), score('b', 2)));
    expect(ranked.map(({ videoId }) => videoId)).toEqual(['b', 'a']);
  });

  it('may leave out checksums that were not asked for', () => {
    const ranked = withScores(candidates, response(score('a', 1), { ...score('b', 2), featuresChecksum: 0 }));
    expect(ranked.map(({ featuresChecksum }) => featuresChecksum)).toEqual([undefined, 1]);
  });

  it.each([
    [response(score('a', 1)), 'scored 1 of 2'],
    [response(score('b', 1), score('a', 2)), 'answered for b where a was asked'],
    [response(score('a', 1), score('b', NaN)), 'scored b NaN'],
  ])('is refused where it breaks the contract: %#', (broken, message) => {
    expect(() => withScores(candidates, broken)).toThrow(DependencyError);
    expect(() => withScores(candidates, broken)).toThrow(message);
  });
});

describe('commonSnapshot', () => {
  const retrieved = [{ videoId: 'a', score: 1 }];

  it("is the first of ranking's that retrieval may serve too", () => {
    expect(commonSnapshot({ retrieved, retrievalHolds: ['s3', 's2', 's1'] }, ['s4', 's2', 's1'])).toBe('s2');
    expect(commonSnapshot({ retrieved, retrievalHolds: ['s3'] }, ['s2'])).toBeUndefined();
  });

  it("is the first of ranking's where retrieval is no part of the answer", () => {
    expect(commonSnapshot({ retrieved: [], retrievalHolds: [] }, ['s2', 's1'])).toBe('s2');
    expect(commonSnapshot({ retrieved: [], retrievalHolds: [] }, [])).toBeUndefined();
  });
});

describe('a request whose snapshot ranking lacks', () => {
  const lacking = (...heldIds: string[]) =>
    rankStage({
      rank: async ({ snapshotId }) => {
        throw new SnapshotMissingError('ranking', snapshotId, heldIds);
      },
      close: () => undefined,
    });
  const draft = (more: Partial<Draft>): Draft =>
    ({
      request: { requestId: 'r' },
      state: { seenEvents: [] },
      candidates,
      retrieved: [{ videoId: 'a', score: 1 }],
      warnings: [],
      failures: [],
      serving: {},
      ...more,
    }) as unknown as Draft;
  const limits = { deadlineAtMs: Date.now() + 1_000, signal: new AbortController().signal, isHurried: false };

  it('goes back to retrieval with one that both may serve', async () => {
    const result = await lacking('s2').run(draft({ snapshotId: 's3', retrievalHolds: ['s3', 's2'] }), limits);
    expect(result).toMatchObject({ patch: { snapshotId: 's2', warnings: [] }, restart: { at: 'retrieve' } });
  });

  it('says so where it was the choice of an experiment', async () => {
    const chosen = draft({ snapshotId: 'x', serving: { snapshotId: 'x' }, retrievalHolds: ['s3', 's2'] });
    const result = await lacking('s3', 's2').run(chosen, limits);
    expect(result.patch.snapshotId).toBe('s3');
    expect(result.patch.warnings).toEqual([expect.stringMatching(/snapshot x, .* experiment .* not loaded/)]);
  });

  it('fails where there is none', async () => {
    await expect(lacking('s1').run(draft({ snapshotId: 's3', retrievalHolds: ['s3'] }), limits)).rejects.toThrow(
      'ranking: does not hold snapshot s3',
    );
  });
});
