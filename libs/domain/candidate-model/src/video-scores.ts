/** Scores of every video for one user: what evaluation asks, over the whole catalogue. */
import type { CandidateModel } from './model';

/** Videos whose sums run side by side. A sum waits for each of its additions; four of them keep the processor busy meanwhile. */
const SIDE_BY_SIDE = 4;

type Scores = Float32Array | Float64Array;

/**
 * The score of each video: u · v, and with several interests the greatest of them. Each sum is taken in the order of the
 * dimensions, so that the bits are those of a plain loop.
 *
 * @param users [interests, dimensions], as `CandidateModel.userVector` gives them
 * @param scores [videos], overwritten and returned; left out: a new array
 */
export function scoreVideos<Into extends Scores = Float64Array>(
  { videoVectors, config: { dimensions } }: Pick<CandidateModel, 'videoVectors'> & { config: { dimensions: number } },
  users: Float32Array,
  scores = new Float64Array(videoVectors.length / dimensions) as Scores as Into,
): Into {
  scoreWith(videoVectors, users.subarray(0, dimensions), scores);
  if (users.length === dimensions) return scores;
  const others = scores.slice();
  for (let at = dimensions; at < users.length; at += dimensions) {
    scoreWith(videoVectors, users.subarray(at, at + dimensions), others);
    for (let video = 0; video < scores.length; video++) scores[video] = Math.max(scores[video], others[video]);
  }
  return scores;
}

function scoreWith(videoVectors: Float32Array, user: Float32Array, scores: Scores): void {
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
}
