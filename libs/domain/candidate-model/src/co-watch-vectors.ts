/**
 * Vectors of videos from who watched what, before any training: a truncated factorisation of the co-watch matrix
 *
 *   M_vw = Σ_u 1[u watched v] · 1[u watched w] / (n_u · (c_v c_w)^POWER)
 *
 * with n_u the videos that user u watched and c_v the users who watched v. Of all matrices of rank d, X·Xᵀ with rows x_v of X is
 * the nearest to M, so that videos which the same users watched lie side by side, also where each has two watches: more
 * than a softmax learns of so few from random vectors (decision 204).
 *
 * By subspace iteration with Chebyshev polynomials (Zhou, Saad, Tiago and Chelikowsky 2006) on M, which is never built: M·Q goes
 * through the users. M ≈ Q·B·Qᵀ with B = QᵀMQ = L·Lᵀ, so X = Q·L: inner products do not ask which basis it is.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Random } from '@watchnext/learning';
import { cholesky, extremeEigenvalues, innerProducts, orthonormalise, timesLower } from './tall-matrices';

/** Of each user the distinct videos: those of user u lie from starts[u] to starts[u + 1]. */
export interface WatchedSets {
  /** [users + 1] */
  readonly starts: Int32Array;
  /** Rows of the watched table, none 0. */
  readonly videos: Int32Array;
}

export interface CoWatchOptions {
  /** Of the vectors, the row of unknown videos, 0, among them. */
  readonly rowCount: number;
  readonly dimensions: number;
  /** Root mean square of the vectors' numbers. */
  readonly scale: number;
  readonly random: Random;
  readonly signal?: AbortSignal;
  /** @param share of the work, from 0 to 1 */
  readonly onProgress?: (share: number) => void;
}

/** How much less a video counts for being popular: 0 not at all, ½ as in a cosine. */
const POWER = 0.25;
/** Of M with a basis, which is nearly all of the time. */
const MULTIPLICATIONS = 16;
/** How much more a polynomial may make of one direction than of another: of the lesser ones enough has to be left in float32. */
const MOST_GROWTH = 1e3;
const MOST_DEGREE = 8;
/** Between turns left to timers and signals. */
const TURN_MS = 200;

/**
 * @returns [rowCount, dimensions], row 0 zero; so is that of a video nobody watched, and, where the watches have fewer
 * directions than there are dimensions, what is left of all rows
 */
export async function coWatchVectors(watched: WatchedSets, options: CoWatchOptions): Promise<Float32Array> {
  const { rowCount, dimensions, scale, random, onProgress } = options;
  const multiply = multiplication(watched, options);
  let [basis, image, spare] = [0, 1, 2].map(() => new Float32Array(rowCount * dimensions));
  for (let i = 0; i < spare.length; i++) spare[i] = random.gaussian();
  await multiply(spare, basis); // which leaves nothing in rows of videos that nobody watched
  orthonormalise(basis, dimensions);
  await multiply(basis, image);
  for (let left = MULTIPLICATIONS; left > 0;) {
    const { least, greatest } = extremeEigenvalues(innerProducts(basis, image, dimensions), dimensions);
    if (least === 0) break; // the watches have no more directions than these
    // From Q and M·Q to T_degree(2/least · M − 1)·Q, whose part below `least` stays as it is while all above grows.
    const step = (into: Float32Array, previous: Float32Array, current: Float32Array, factor: number) => {
      for (let i = 0; i < into.length; i++) into[i] = factor * ((2 / least) * into[i] - current[i]) - previous[i];
    };
    const degree = Math.min(degreeWithin(greatest / least), left);
    step(image, spare.fill(0), basis, 1);
    for (let of = 2; of <= degree; of++) {
      await multiply(image, spare);
      step(spare, basis, image, 2);
      [basis, image, spare] = [image, spare, basis];
    }
    [basis, image] = [image, basis];
    orthonormalise(basis, dimensions);
    await multiply(basis, image);
    left -= degree;
    onProgress?.(1 - left / MULTIPLICATIONS);
  }
  const vectors = timesLower(basis, cholesky(innerProducts(basis, image, dimensions), dimensions), dimensions);
  return scaled(vectors, scale * Math.sqrt((rowCount - 1) * dimensions));
}

/** The Chebyshev polynomial on [−1, 1] with which the direction of the greatest eigenvalue grows no more than MOST_GROWTH. */
function degreeWithin(ratio: number): number {
  const degree = Math.floor(Math.acosh(MOST_GROWTH) / Math.acosh(2 * ratio - 1));
  return Math.min(Math.max(degree, 1), MOST_DEGREE);
}

/** Writes M·Q over the second, both [rowCount, dimensions]. */
function multiplication(
  { starts, videos }: WatchedSets,
  { rowCount, dimensions, signal }: CoWatchOptions,
): (from: Float32Array, to: Float32Array) => Promise<void> {
  const weights = new Float32Array(rowCount);
  for (const video of videos) weights[video]++;
  for (let video = 0; video < rowCount; video++) weights[video] = weights[video] === 0 ? 0 : weights[video] ** -POWER;
  const sum = new Float64Array(dimensions);
  let turnAtMs = -Infinity;
  return async (from, to) => {
    to.fill(0);
    for (let user = 0; user + 1 < starts.length; user++) {
      if (user % 256 === 0 && performance.now() - turnAtMs >= TURN_MS) {
        await nextTurn();
        signal?.throwIfAborted();
        turnAtMs = performance.now();
      }
      const [first, end] = [starts[user], starts[user + 1]];
      sum.fill(0);
      for (let i = first; i < end; i++) {
        const [at, weight] = [videos[i] * dimensions, weights[videos[i]]];
        for (let d = 0; d < dimensions; d++) sum[d] += weight * from[at + d];
      }
      for (let i = first; i < end; i++) {
        const [at, weight] = [videos[i] * dimensions, weights[videos[i]] / (end - first)];
        for (let d = 0; d < dimensions; d++) to[at + d] += weight * sum[d];
      }
    }
  };
}

/** In place, to a length of all numbers together; zeros stay. */
function scaled(values: Float32Array, length: number): Float32Array {
  const squares = values.reduce((sum, value) => sum + value * value, 0);
  const factor = squares === 0 ? 0 : length / Math.sqrt(squares);
  for (let i = 0; i < values.length; i++) values[i] *= factor;
  return values;
}
