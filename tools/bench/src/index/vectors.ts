/**
 * The benchmark's vectors: clusters whose members differ in length, as learned video vectors do.
 *
 * A centre for each 1,000 vectors, of independent standard normals, so that a smaller catalogue is a piece of a larger one
 * and recall at one size tells of the other; a vector is a centre, drawn evenly, plus 0.5 times a standard normal in each
 * coordinate, the sum stretched by exp(0.25 · normal). A query is drawn alike, without the stretch. All from the workspace's
 * generator (`createRandom`) with the seed told, in this order: centres, vectors, queries.
 */
import { createRandom, type Random } from '@watchnext/learning';

const VECTORS_PER_CENTRE = 1_000;
const SPREAD = 0.5;
const NORM_SPREAD = 0.25;

export interface BenchVectors {
  /** [count, dimensions], on shared memory. */
  readonly vectors: Float32Array;
  /** [queryCount, dimensions] */
  readonly queries: Float32Array;
  readonly dimensions: number;
  /** Where they are from, in words. */
  readonly origin: string;
}

export interface GeneratedVectors extends BenchVectors {
  /** [count] which centre each vector was drawn around, from 0. */
  readonly clusters: Int32Array;
}

export function generateVectors(options: {
  readonly count: number;
  readonly queryCount: number;
  readonly dimensions: number;
  readonly seed: number;
  /** By default one for each 1,000 vectors. */
  readonly centreCount?: number;
}): GeneratedVectors {
  const { count, queryCount, dimensions, seed } = options;
  const random = createRandom(seed);
  const { centreCount = Math.ceil(count / VECTORS_PER_CENTRE) } = options;
  const centres = Float32Array.from({ length: centreCount * dimensions }, () => random.gaussian());
  const vectors = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
  const clusters = fill(vectors, dimensions, centres, random, NORM_SPREAD);
  const queries = new Float32Array(queryCount * dimensions);
  fill(queries, dimensions, centres, random, 0);
  const origin = 'generated in clusters, see tools/bench/src/index/vectors.ts';
  return { vectors, queries, dimensions, origin, clusters };
}

/** @returns the centre of each vector */
function fill(
  out: Float32Array,
  dimensions: number,
  centres: Float32Array,
  random: Random,
  normSpread: number,
): Int32Array {
  const clusters = new Int32Array(out.length / dimensions);
  for (let row = 0; row < clusters.length; row++) {
    const offset = row * dimensions;
    const centre = (clusters[row] = random.nextInt(centres.length / dimensions)) * dimensions;
    const norm = normSpread === 0 ? 1 : Math.exp(normSpread * random.gaussian());
    for (let d = 0; d < dimensions; d++) out[offset + d] = norm * (centres[centre + d]! + SPREAD * random.gaussian());
  }
  return clusters;
}
