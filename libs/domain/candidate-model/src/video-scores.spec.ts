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
    expect([...scoreVideos({ videoVectors: vectors, config: { dimensions } }, user)]).toEqual(plain);
  });

  it('overwrites the array that it is given', () => {
    const scores = new Float64Array(2).fill(9);
    const model = { videoVectors: Float32Array.from([1, 2, 3, 4]), config: { dimensions: 2 } };
    expect(scoreVideos(model, Float32Array.from([1, 10]), scores)).toBe(scores);
    expect([...scores]).toEqual([21, 43]);
  });

  it('takes the greatest score of several user vectors', () => {
    const model = { videoVectors: Float32Array.from([1, 0, 0, 1, -1, -1]), config: { dimensions: 2 } };
    expect([...scoreVideos(model, Float32Array.from([3, 1, -2, 4, 0, -1]))]).toEqual([3, 4, 1]);
  });
});
