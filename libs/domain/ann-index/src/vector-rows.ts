import { type Accepts, BestScores, innerProduct, type SearchResult, sortResult } from './exact-search';
import { rowsOf } from './several-queries';

/** Rows of an index that one of several shards holds: those whose label is `shard` modulo `shardCount`. */
export interface ShardOf {
  readonly shard: number;
  readonly shardCount: number;
}

export const WHOLE: ShardOf = { shard: 0, shardCount: 1 };

/** How many of the labels below `count` a shard holds. */
export function shardSize({ shard, shardCount }: ShardOf, count: number): number {
  return count <= shard ? 0 : Math.ceil((count - shard) / shardCount);
}

/** Far above the rounding of a float32, 2^-24. */
const RELATIVE_SLACK = 1e-6;

/**
 * The vectors that an index is over, by label: those of a snapshot first, then those that came in since. They stand
 * beside the graph, on shared memory where threads search side by side, because hnswlib-node hands its own copies out as
 * arrays of numbers only: 10 µs for a vector of 64, where scoring it takes 0.1 µs.
 */
export class VectorRows {
  readonly baseCount: number;

  /**
   * @param base [baseCount, dimensions]
   * @param added [capacity, dimensions], filled from the front while it is in use; none longer than `largestNorm`
   * @param largestKnown no row of `base` is longer; where it is not given, it is computed when first asked for
   * @throws RangeError if the arrays hold no whole number of rows
   */
  constructor(
    readonly base: Float32Array,
    readonly dimensions: number,
    readonly added: Float32Array = new Float32Array(0),
    private largestKnown?: number | undefined,
  ) {
    if (!Number.isInteger(dimensions) || dimensions < 1) throw new RangeError(`vectors of ${dimensions} dimensions`);
    if (base.length % dimensions !== 0 || added.length % dimensions !== 0) {
      throw new RangeError(`${base.length} and ${added.length} vector values are no whole rows of ${dimensions}`);
    }
    this.baseCount = base.length / dimensions;
  }

  get capacity(): number {
    return this.baseCount + this.added.length / this.dimensions;
  }

  /** No row is longer. Of a million rows of 64 it takes 60 ms and more to compute. */
  get largestNorm(): number {
    if (this.largestKnown === undefined) {
      let largest = 0;
      for (let row = 0; row < this.baseCount; row++) {
        const offset = row * this.dimensions;
        let sum = 0;
        for (let i = offset; i < offset + this.dimensions; i++) sum += this.base[i]! * this.base[i]!;
        // NaN stays: whoever compares with it finds nothing.
        if (!(sum <= largest)) largest = sum;
      }
      this.largestKnown = Math.sqrt(largest);
    }
    return this.largestKnown;
  }

  /** The array that holds the row. */
  valuesOf(label: number): Float32Array {
    return label < this.baseCount ? this.base : this.added;
  }

  /** Where the row begins in `valuesOf(label)`. */
  offsetOf(label: number): number {
    return (label < this.baseCount ? label : label - this.baseCount) * this.dimensions;
  }

  innerProductWith(query: Float32Array, label: number): number {
    return innerProduct(query, this.valuesOf(label), this.offsetOf(label));
  }

  /**
   * What a graph found, with exact scores and in their order: to be held against an exact search.
   * @param queries one or several, as `searchEach` takes them
   */
  rescored(queries: Float32Array, { labels }: SearchResult): SearchResult {
    const each = rowsOf(queries, this.dimensions);
    return sortResult(
      labels,
      labels.map((label) =>
        each.reduce((best, query) => Math.max(best, this.innerProductWith(query, label)), -Infinity),
      ),
    );
  }

  /**
   * The k accepted rows below `count` of largest inner product, as `exactSearch` finds them, but in half the time: a sum
   * in four parts tells most rows from the best, and only those within its rounding error are summed in order.
   * @throws RangeError if the query has another size
   */
  exactSearch(
    query: Float32Array,
    k: number,
    options: { readonly count?: number; readonly accepts?: Accepts; readonly shardOf?: ShardOf } = {},
  ): SearchResult {
    const { count = this.baseCount, accepts, shardOf = WHOLE } = options;
    if (query.length !== this.dimensions) {
      throw new RangeError(`a query of ${query.length} does not fit vectors of ${this.dimensions} dimensions`);
    }
    const best = new BestScores(Math.min(k, shardSize(shardOf, count)));
    // |sum in four parts − sum in order| ≤ n·ε·Σ|q·v| ≤ n·ε·|q|·|v|, twice over to be safe.
    const slack = 2 * this.dimensions * Number.EPSILON * Math.hypot(...query) * this.largestNorm;
    for (let label = shardOf.shard; label < count; label += shardOf.shardCount) {
      if (accepts && !accepts(label)) continue;
      const values = this.valuesOf(label);
      const offset = this.offsetOf(label);
      const { threshold } = best;
      if (quickProduct(query, values, offset) < threshold - RELATIVE_SLACK * Math.abs(threshold) - slack) continue;
      best.offer(label, innerProduct(query, values, offset));
    }
    return best.result();
  }
}

/** Four sums side by side: the processor does not wait for one addition to begin the next. */
function quickProduct(query: Float32Array, values: Float32Array, offset: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = query.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += query[i]! * values[offset + i]!;
    b += query[i + 1]! * values[offset + i + 1]!;
    c += query[i + 2]! * values[offset + i + 2]!;
    d += query[i + 3]! * values[offset + i + 3]!;
  }
  for (let i = whole; i < query.length; i++) a += query[i]! * values[offset + i]!;
  return a + b + (c + d);
}
