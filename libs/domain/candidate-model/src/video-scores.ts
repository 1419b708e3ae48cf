/** u · v of one user with every video: what evaluation asks, over the whole catalogue. */

/** Videos whose sums run side by side. A sum waits for each of its additions; four of them keep the processor busy meanwhile. */
const SIDE_BY_SIDE = 4;

/**
 * Each sum is taken in the order of the dimensions, so that the bits are those of a plain loop.
 *
 * @param videoVectors [videos, dimensions]
 * @param user [dimensions]
 * @param scores [videos], overwritten and returned; left out: a new array
 */
export function scoreVideos(
  videoVectors: Float32Array,
  user: Float32Array,
  scores = new Float64Array(videoVectors.length / user.length),
): Float64Array {
  const dimensions = user.length;
  const together = scores.length - (scores.length % SIDE_BY_SIDE);
  for (let video = 0; video < together; video += SIDE_BY_SIDE) {
    const first = video * dimensions;
    const second = first + dimensions;
    const third = second + dimensions;
    const fourth = third + dimensions;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < dimensions; i++) {
      const own = user[i];
      a += own * videoVectors[first + i];
      b += own * videoVectors[second + i];
      c += own * videoVectors[third + i];
      d += own * videoVectors[fourth + i];
    }
    scores[video] = a;
    scores[video + 1] = b;
    scores[video + 2] = c;
    scores[video + 3] = d;
  }
  for (let video = together; video < scores.length; video++) {
    let sum = 0;
    for (let i = 0; i < dimensions; i++) sum += user[i] * videoVectors[video * dimensions + i];
    scores[video] = sum;
  }
  return scores;
}
