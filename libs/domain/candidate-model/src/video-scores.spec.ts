import { createRandom } from '@watchnext/learning';
import { scoreVideos } from './video-scores';

describe('scoreVideos', () => {
  const random = createRandom(1);
  const numbers = (length: number) => Float32Array.from({ length }, () => random.gaussian());

  it.each([1, 4, 7, 10])('gives the bits of a plain loop over %i videos', (videoCount) => {
    const dimensions = 33;
    const vectors = numbers(videoCount * dimensions);
    const user = numbers(dimensions);
    const plain = Array.from({ length: videoCount }, (_, video) =>
      user.reduce((sum, value, i) => sum + value * vectors[video * dimensions + i], 0),
    );
    expect([...scoreVideos(vectors, user)]).toEqual(plain);
  });

  it('overwrites the array that it is given', () => {
    const scores = new Float64Array(2).fill(9);
    expect(scoreVideos(Float32Array.from([1, 2, 3, 4]), Float32Array.from([1, 10]), scores)).toBe(scores);
    expect([...scores]).toEqual([21, 43]);
  });
});
