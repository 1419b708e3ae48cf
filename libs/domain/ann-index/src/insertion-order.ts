/**
 * In which order vectors go into a graph.
 *
 * An insert walks past thousands of vectors around the one that comes in, and spends most of its time waiting for them to come
 * from memory. Where neighbours come in after each other, the last insert has left them in the processor's caches; and they
 * lie side by side in the graph's memory, which searches gain from too.
 *
 * Such an order alone makes a worse graph: the first vectors, and with them the long edges, then all belong to a few regions.
 * So an even sample of all goes in first, and the neighbours follow into a graph that leads everywhere already.
 *
 * Neighbours are found by splitting: the vectors around `PARTS` centres (Lloyd's algorithm, on a sample), and each part again,
 * down to `LEAF`. Clusters that a border runs through come in several pieces, which matters little to a cache. All in double
 * precision from the vectors alone, so the order is the same on every machine.
 */
import { type ShardOf, shardSize, type VectorRows } from './vector-rows';

/** What goes in first: a share of the vectors, and at least as many as measured to be enough. */
const FIRST = { share: 0.25, least: 10_000 };
const PARTS = 8;
/** About as many vectors as a core's own cache holds with their edges. */
const LEAF = 500;
const SAMPLE_SIZE = 1_024;
const ROUNDS = 4;
/** 8^10 leaves are more than any index has; it ends the splitting of vectors that lie too unevenly for it. */
const DEEPEST = 10;

/** @returns the base labels of a shard, each once: an even sample in ascending order, then the rest by neighbourhood */
export function insertionOrder(rows: VectorRows, { shard, shardCount }: ShardOf): Int32Array {
  const count = shardSize({ shard, shardCount }, rows.baseCount);
  const firstCount = Math.min(count, Math.max(FIRST.least, Math.ceil(FIRST.share * count)));
  const order = new Int32Array(count);
  let [first, later] = [0, firstCount];
  for (let i = 0; i < count; i++) {
    const label = shard + i * shardCount;
    const isSampled = Math.floor(((i + 1) * firstCount) / count) > Math.floor((i * firstCount) / count);
    if (isSampled) order[first++] = label;
    else order[later++] = label;
  }
  new NeighbourSort(rows).sort(order.subarray(firstCount));
  return order;
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
