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
/** Before those, in `firstIterates`. */
const FIRST_MULTIPLICATIONS = 2;
/** How much more a polynomial may make of one direction than of another: of the lesser ones enough has to be left in float32. */
const MOST_GROWTH = 1e3;
const MOST_DEGREE = 8;
/** Between turns left to timers and signals, in multiplications, which take most of the time. */
const TURN_MS = 200;

/**
 * @returns [rowCount, dimensions], row 0 zero; so is that of a video nobody watched, and, where the watches have fewer
 * directions than there are dimensions, what is left of all rows
 */
export async function coWatchVectors(watched: WatchedSets, options: CoWatchOptions): Promise<Float32Array> {
  const { rowCount, dimensions, scale, onProgress } = options;
  const multiplyQuietly = multiplication(watched, options);
  let done = 0;
  const multiply: Multiply = async (from, to) => {
    await multiplyQuietly(from, to);
    onProgress?.(++done / (FIRST_MULTIPLICATIONS + MULTIPLICATIONS));
  };
  let iterates = await firstIterates(multiply, options);
  for (let left = MULTIPLICATIONS; left > 0;) {
    const { basis, image } = iterates;
    const { least, greatest } = extremeEigenvalues(innerProducts(basis, image, dimensions), dimensions);
    if (least === 0) break; // the watches have no more directions than these
    const degree = Math.min(degreeWithin(greatest / least), left);
    iterates = await amplified(iterates, degree, least, multiply);
    orthonormalise(iterates.basis, dimensions);
    await multiply(iterates.basis, iterates.image);
    left -= degree;
  }
  onProgress?.(1);
  const { basis, image } = iterates;
  const vectors = timesLower(basis, cholesky(innerProducts(basis, image, dimensions), dimensions), dimensions);
  return scaled(vectors, scale * Math.sqrt((rowCount - 1) * dimensions));
}

/** All [rowCount, dimensions], and all the memory that is taken. */
interface Iterates {
  /** Q */
  readonly basis: Float32Array;
  /** M·Q */
  readonly image: Float32Array;
  readonly spare: Float32Array;
}

type Multiply = (from: Float32Array, to: Float32Array) => Promise<void>;

async function firstIterates(multiply: Multiply, { rowCount, dimensions, random }: CoWatchOptions): Promise<Iterates> {
  const [basis, image, spare] = [0, 1, 2].map(() => new Float32Array(rowCount * dimensions));
  for (let i = 0; i < spare.length; i++) spare[i] = random.gaussian();
  await multiply(spare, basis); // which leaves nothing in rows of videos that nobody watched
  orthonormalise(basis, dimensions);
  await multiply(basis, image);
  return { basis, image, spare };
}

/**
 * T_degree(2/below · M − 1)·Q as the new basis, by the recurrence of Chebyshev polynomials, and nothing of use in the others: what M has
 * below that eigenvalue stays as large as it is, and all above grows.
 */
async function amplified(
  { basis, image, spare }: Iterates,
  degree: number,
  below: number,
  multiply: Multiply,
): Promise<Iterates> {
  /** into = M·current ← factor · (2/below · into − current) − previous */
  const step = (into: Float32Array, current: Float32Array, previous: Float32Array, factor: number) => {
    for (let i = 0; i < into.length; i++) into[i] = factor * ((2 / below) * into[i] - current[i]) - previous[i];
  };
  let [previous, current, next] = [basis, image, spare];
  step(current, previous, next.fill(0), 1);
  for (let of = 2; of <= degree; of++) {
    await multiply(current, next);
    step(next, current, previous, 2);
    [previous, current, next] = [current, next, previous];
  }
  return { basis: current, image: previous, spare: next };
}

/** Of the polynomial with which the direction of the greatest eigenvalue grows no more than MOST_GROWTH; 1 where none is so low. */
function degreeWithin(ratio: number): number {
  // Of equal eigenvalues the ratio may come out a little below 1.
  const degree = Math.floor(Math.acosh(MOST_GROWTH) / Math.acosh(Math.max(1, 2 * ratio - 1)));
  return Math.min(Math.max(degree, 1), MOST_DEGREE);
}

/** Writes M·Q over the second, both [rowCount, dimensions]. */
function multiplication({ starts, videos }: WatchedSets, { rowCount, dimensions, signal }: CoWatchOptions): Multiply {
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
