import type { CandidateModel } from '@watchnext/candidate-model';
import type { RankingModel } from '@watchnext/ranking-model';
import { normsAreSane, numbersAreFinite } from './check-sanity';

/** The parts of models that the checks look at. */
const candidateOf = (...vectors: number[][]) => {
  const videoVectors = Float32Array.from(vectors.flat());
  return {
    config: { dimensions: 2 },
    videoIds: vectors.map((_, video) => `v${video}`),
    videoVectors,
    toParts: () => ({ tensors: new Map([['video_vectors', { shape: [vectors.length, 2], data: videoVectors }]]) }),
  } as unknown as CandidateModel;
};
const rankingOf = (...weights: number[]) =>
  ({
    toParts: () => ({
      tensors: new Map([['tower.0.weights', { shape: [weights.length], data: Float32Array.from(weights) }]]),
    }),
  }) as unknown as RankingModel;

describe('what is about to be published', () => {
  it('has finite numbers only, or the broken tensors are named', () => {
    expect(numbersAreFinite({ candidate: candidateOf([1, 2]), ranking: rankingOf(0) })).toMatchObject({ passed: true });
    expect(numbersAreFinite({ candidate: candidateOf([1, NaN]), ranking: rankingOf(1, Infinity) })).toMatchObject({
      passed: false,
      detail: 'not finite: candidate video_vectors, ranking tower.0.weights',
    });
  });

  it('has no video whose vector outgrew all others, and vectors that are not all zero', () => {
    expect(normsAreSane({ candidate: candidateOf([1, 0], [0, 2], [3, 4]) }).passed).toBe(true);
    expect(normsAreSane({ candidate: candidateOf([1, 0], [0, 1], [300, 400]) }).passed).toBe(false);
    expect(normsAreSane({ candidate: candidateOf([0, 0], [0, 0]) }).passed).toBe(false);
    expect(normsAreSane({ candidate: candidateOf([NaN, 0], [NaN, 0]) }).passed).toBe(false);
  });
});
