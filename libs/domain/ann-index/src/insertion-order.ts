/**
 * In which order vectors go into a graph: in the augmented space the longest, then an even sample of the others, then the rest by
 * neighbourhood.
 *
 * The first vectors are where searches come by, and they get the long edges. The largest inner products are seldom those of
 * short vectors, so a graph that begins with the long ones leads to the answers: on the sphere of the augmentation these lie
 * near the equator, where all queries are, and the short ones around the pole. The sample is of everywhere, so that no region
 * is cut off whose vectors are all short. Without the augmentation the long ones are everybody's neighbours already, and a
 * graph that begins with them finds less.
 *
 * An insert walks past thousands of vectors around the one that comes in, and spends most of its time waiting for them to come
 * from memory. Where neighbours come in after each other, the last insert has left them in the processor's caches; and they
 * lie side by side in the graph's memory, which searches gain from too.
 *
 * Neighbours are found by splitting: the vectors around `PARTS` centres (Lloyd's algorithm, on a sample), and each part again,
 * down to `LEAF`. Clusters that a border runs through come in several pieces, which matters little to a cache. All in double
 * precision from the vectors alone, so the order is the same on every machine.
 */
import type { Space } from './space';
import { type ShardOf, shardSize, type VectorRows } from './vector-rows';

/** What goes in before the neighbourhoods. */
export interface FirstVectors {
  /** Of all, in [0, 1]; 10,000 are so in any case. */
  readonly share: number;
  /** Of those, in [0, 1], how many are the longest; the others are an even sample. */
  readonly longestShare: number;
}

/** By what was measured (decision 140). */
export const FIRST_VECTORS: Readonly<Record<Space, FirstVectors>> = {
  'augmented-l2': { share: 0.25, longestShare: 0.5 },
  'inner-product': { share: 0.25, longestShare: 0 },
};
const LEAST_FIRST = 10_000;
const PARTS = 8;
/** About as many vectors as a core's own cache holds with their edges. */
const LEAF = 500;
const SAMPLE_SIZE = 1_024;
const ROUNDS = 4;
/** 8^10 leaves are more than any index has; it ends the splitting of vectors that lie too unevenly for it. */
const DEEPEST = 10;

/**
 * @returns the base labels of a shard, each once: the longest by length, of equally long ones the lower label first; an even
 *   sample of the others in ascending order; the rest by neighbourhood
 */
export function insertionOrder(
  rows: VectorRows,
  { shard, shardCount }: ShardOf,
  { share, longestShare }: FirstVectors,
): Int32Array {
  const count = shardSize({ shard, shardCount }, rows.baseCount);
  const order = Int32Array.from({ length: count }, (_, i) => shard + i * shardCount);
  const firstCount = Math.min(count, Math.max(LEAST_FIRST, Math.ceil(share * count)));
  const longestCount = Math.ceil(longestShare * firstCount);
  if (longestCount > 0) sortByLength(rows, order);
  const others = order.subarray(longestCount).sort();
  sampleFirst(others, firstCount - longestCount);
  new NeighbourSort(rows).sort(order.subarray(firstCount));
  return order;
}

/** The longest first. */
function sortByLength({ base, dimensions }: VectorRows, labels: Int32Array): void {
  const squaresOf = new Float64Array(base.length / dimensions);
  for (const label of labels) {
    for (let d = label * dimensions; d < (label + 1) * dimensions; d++) squaresOf[label]! += base[d]! * base[d]!;
  }
  labels.sort((a, b) => squaresOf[b]! - squaresOf[a]! || a - b);
}

/** Puts an even sample of the labels before the others, both in the order in which they were. */
function sampleFirst(labels: Int32Array, sampleSize: number): void {
  const all = labels.slice();
  let [first, later] = [0, sampleSize];
  for (let i = 0; i < all.length; i++) {
    const isSampled = Math.floor(((i + 1) * sampleSize) / all.length) > Math.floor((i * sampleSize) / all.length);
    labels[isSampled ? first++ : later++] = all[i]!;
  }
}

class NeighbourSort {
  private readonly dimensions: number;
  private readonly values: Float32Array;

  constructor(rows: VectorRows) {
    this.dimensions = rows.dimensions;
    this.values = rows.base;
  }

  /** In place. */
  sort(labels: Int32Array, depth = 0): void {
    if (labels.length <= LEAF || depth === DEEPEST) return;
    const centres = this.centresOf(labels);
    const partOf = new Uint8Array(labels.length);
    const ends = new Int32Array(PARTS);
    for (let i = 0; i < labels.length; i++)
      ends[(partOf[i] = centres.nearest(this.values, this.offset(labels[i]!)))]!++;
    for (let part = 1; part < PARTS; part++) ends[part]! += ends[part - 1]!;
    const unsorted = labels.slice();
    const next = Int32Array.from(ends, (_, part) => (part === 0 ? 0 : ends[part - 1]!));
    for (let i = 0; i < labels.length; i++) labels[next[partOf[i]!]!++] = unsorted[i]!;
    for (let part = 0, start = 0; part < PARTS; start = ends[part++]!) {
      const end = ends[part]!;
      // Equal vectors, and those that are not finite, stay together however often they are split.
      if (end - start < labels.length) this.sort(labels.subarray(start, end), depth + 1);
    }
  }

  private centresOf(labels: Int32Array): Centres {
    const { dimensions, values } = this;
    const evenly = (i: number, of: number) => this.offset(labels[Math.floor((i * labels.length) / of)]!);
    const centres = new Centres(dimensions);
    for (let part = 0; part < PARTS; part++) centres.set(part, values, evenly(part, PARTS));
    const sampleSize = Math.min(SAMPLE_SIZE, labels.length);
    for (let round = 0; round < ROUNDS; round++) {
      const sums = new Float64Array(PARTS * dimensions);
      const counts = new Int32Array(PARTS);
      for (let i = 0; i < sampleSize; i++) {
        const offset = evenly(i, sampleSize);
        const part = centres.nearest(values, offset);
        counts[part]!++;
        for (let d = 0; d < dimensions; d++) sums[part * dimensions + d]! += values[offset + d]!;
      }
      for (let part = 0; part < PARTS; part++) {
        const mean = sums.subarray(part * dimensions, (part + 1) * dimensions).map((sum) => sum / counts[part]!);
        if (counts[part]! > 0) centres.set(part, mean, 0);
      }
    }
    return centres;
  }

  private offset(label: number): number {
    return label * this.dimensions;
  }
}

/** `PARTS` points. */
class Centres {
  private readonly values: Float64Array;
  private readonly halfSquares = new Float64Array(PARTS);

  constructor(private readonly dimensions: number) {
    this.values = new Float64Array(PARTS * dimensions);
  }

  set(part: number, from: Float32Array | Float64Array, offset: number): void {
    let squares = 0;
    for (let d = 0; d < this.dimensions; d++) {
      const value = from[offset + d]!;
      this.values[part * this.dimensions + d] = value;
      squares += value * value;
    }
    this.halfSquares[part] = squares / 2;
  }

  /** By L2, which is by c·v − |c|²/2; of equally near ones the first. */
  nearest(vectors: Float32Array, offset: number): number {
    const { values, dimensions, halfSquares } = this;
    let [nearest, best] = [0, -Infinity];
    for (let part = 0; part < PARTS; part++) {
      const start = part * dimensions;
      let [a, b] = [-halfSquares[part]!, 0];
      for (let d = 0; d < dimensions - 1; d += 2) {
        a += values[start + d]! * vectors[offset + d]!;
        b += values[start + d + 1]! * vectors[offset + d + 1]!;
      }
      if (dimensions % 2 === 1) a += values[start + dimensions - 1]! * vectors[offset + dimensions - 1]!;
      if (a + b > best) [nearest, best] = [part, a + b];
    }
    return nearest;
  }
}
