import type { RankScore } from '@watchnext/contract';
import type { BlendedCandidate } from '../pipeline/draft';
import { DependencyError } from '../pipeline/failure';
import { commonSnapshot, withScores } from './rank';

const candidate = (videoId: string): BlendedCandidate => ({
  videoId,
  video: {
    videoId,
    title: '',
    thumbnailUrl: '',
    withdrawn: false,
    facts: { channelId: '', topics: [], durationSeconds: 1, uploadedAtMs: 1 },
  },
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

  it('is the newest that both hold', () => {
    expect(commonSnapshot({ retrieved, retrievalHolds: ['s3', 's2', 's1'] }, ['s4', 's2', 's1'])).toBe('s2');
    expect(commonSnapshot({ retrieved, retrievalHolds: ['s3'] }, ['s2'])).toBeUndefined();
  });

  it('is the newest of ranking where retrieval is no part of the answer', () => {
    expect(commonSnapshot({ retrieved: [], retrievalHolds: [] }, ['s2', 's1'])).toBe('s2');
    expect(commonSnapshot({ retrieved: [], retrievalHolds: [] }, [])).toBeUndefined();
  });
});
