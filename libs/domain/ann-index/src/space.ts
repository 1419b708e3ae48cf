/**
 * The two ways to make hnswlib find large inner products, and why there are two.
 *
 * "inner-product" hands the vectors to hnswlib as they are, which is no metric: the graph's greedy walk can miss.
 * "augmented-l2" appends one coordinate, sqrt(R² − |v|²), which puts every vector on a sphere of radius R, and a zero to
 * the query; then |q − v|² = |q|² + R² − 2 q·v, so that the nearest by L2 is the largest by inner product (Bachrach et
 * al., RecSys 2014). Measured at ef 100: clustered vectors with differing norms, recall@100 0.45 to 0.54 raw and 0.96 to
 * 0.99 augmented; independent Gaussian vectors with log-normal 0.5 norms, 0.83 either way, which the augmented graph owes to
 * its order of insertion (decision 140; 0.03 before). It is measured on the vectors at hand, each time.
 *
 * On a sphere the order by L2 is the order by inner product between any two points, so hnswlib is told "ip" for both spaces:
 * the graph is the same one, compared faster, and its distance, 1 − q·v in float32, is the score without the cancellation
 * that |q|² + R² would bring.
 */

export const SPACES = ['inner-product', 'augmented-l2'] as const;
export type Space = (typeof SPACES)[number];

/** The radius is one for all shards and outlives the build, so vectors learned later may be this much longer. */
const RADIUS_HEADROOM = 1.1;

/** The length a query is brought to, as a power of two: far above the 1 that hnswlib takes a product from. */
const QUERY_EXPONENT = 12;

/** A query as hnswlib takes it. */
export interface QueryPoint {
  readonly point: number[];
  /** What `1 − distance` is multiplied by to be the inner product: a power of two, so that no digit changes. */
  readonly unit: number;
}

/**
 * Radius for the augmentation: the largest norm with headroom; 1 when all vectors are zero or there are none.
 * @throws RangeError if a value is not finite.
 */
export function radiusFor(vectors: Float32Array, dimensions: number): number {
  let largest = 0;
  for (let offset = 0; offset < vectors.length; offset += dimensions) {
    largest = Math.max(largest, squaredNorm(vectors, offset, dimensions));
  }
  return largest === 0 ? 1 : Math.sqrt(largest) * RADIUS_HEADROOM;
}

/** Makes points of one space out of vectors and queries; counts the vectors that did not fit the radius. */
export class PointMapper {
  /**
   * Vectors longer than the radius so far. Their extra coordinate is 0 in place of the root of a negative number, which
   * hnswlib would take in silence as NaN: they lie off the sphere, and are scored as all others.
   */
  clippedCount = 0;

  constructor(
    readonly space: Space,
    readonly dimensions: number,
    /** Used by "augmented-l2" only. */
    readonly radius: number,
  ) {}

  /** hnswlib's name of the distance. */
  readonly distance = 'ip';

  get pointDimensions(): number {
    return this.space === 'inner-product' ? this.dimensions : this.dimensions + 1;
  }

  /** @throws RangeError if a value is not finite. */
  pointOf(vectors: Float32Array, offset: number): number[] {
    const norm = squaredNorm(vectors, offset, this.dimensions);
    const point = Array.from(vectors.subarray(offset, offset + this.dimensions));
    if (this.space === 'inner-product') return point;
    const room = this.radius * this.radius - norm;
    if (room < 0) this.clippedCount++;
    point.push(Math.sqrt(Math.max(0, room)));
    return point;
  }

  /** @throws RangeError if the query has another size, or a value that is not finite. */
  queryPoint(query: Float32Array): QueryPoint {
    if (query.length !== this.dimensions) {
      throw new RangeError(`the query has ${query.length} values where the index has ${this.dimensions} dimensions`);
    }
    const squared = sumOfSquares(query, 0, query.length);
    if (!Number.isFinite(squared)) throw new RangeError('the query is not finite');
    // The length's own power of two, at most one off.
    const exponent = squared === 0 ? 0 : QUERY_EXPONENT - Math.round(Math.log2(squared) / 2);
    const stretch = 2 ** exponent;
    const point = new Array<number>(this.pointDimensions).fill(0);
    for (let i = 0; i < query.length; i++) point[i] = stretch * query[i]!;
    return { point, unit: 1 / stretch };
  }
}

function squaredNorm(vectors: Float32Array, offset: number, dimensions: number): number {
  const sum = sumOfSquares(vectors, offset, dimensions);
  if (!Number.isFinite(sum)) throw new RangeError(`vector ${offset / dimensions} is not finite`);
  return sum;
}

/** NaN or infinite exactly when one of the values is: the square of a float32 fits a double. */
function sumOfSquares(values: Float32Array, offset: number, length: number): number {
  let sum = 0;
  for (let i = offset; i < offset + length; i++) sum += values[i]! * values[i]!;
  return sum;
}
