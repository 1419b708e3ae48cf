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

export function generateVectors(options: {
  readonly count: number;
  readonly queryCount: number;
  readonly dimensions: number;
  readonly seed: number;
}): BenchVectors {
  const { count, queryCount, dimensions, seed } = options;
  const random = createRandom(seed);
  const centreCount = Math.ceil(count / VECTORS_PER_CENTRE);
  const centres = Float32Array.from({ length: centreCount * dimensions }, () => random.gaussian());
  const vectors = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
  fill(vectors, dimensions, centres, random, NORM_SPREAD);
  const queries = new Float32Array(queryCount * dimensions);
  fill(queries, dimensions, centres, random, 0);
  return { vectors, queries, dimensions, origin: 'generated in clusters, see tools/bench/src/index/vectors.ts' };
}

function fill(out: Float32Array, dimensions: number, centres: Float32Array, random: Random, normSpread: number): void {
  for (let offset = 0; offset < out.length; offset += dimensions) {
    const centre = random.nextInt(centres.length / dimensions) * dimensions;
    const norm = normSpread === 0 ? 1 : Math.exp(normSpread * random.gaussian());
    for (let d = 0; d < dimensions; d++) out[offset + d] = norm * (centres[centre + d]! + SPREAD * random.gaussian());
  }
}
