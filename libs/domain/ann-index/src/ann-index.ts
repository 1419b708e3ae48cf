import type { IndexParameters } from '@watchnext/contract';
import { HierarchicalNSW } from 'hnswlib-node';
import type { Accepts, SearchResult } from './exact-search';
import { FIRST_VECTORS, type FirstVectors, insertionOrder } from './insertion-order';
import { PointMapper, SPACES, type Space } from './space';
import { type ShardOf, shardSize, type VectorRows, WHOLE } from './vector-rows';

/** hnswlib draws each vector's level at random; a fixed seed makes the same vectors the same graph. */
const LEVEL_SEED = 100;
/** Room for vectors that come in while serving, as a share of those built in, and at least this many. */
const HEADROOM = { share: 0.02, least: 256 };

/**
 * Vectors with row numbers as labels in an HNSW graph, searched by inner product: all rows, or those of one shard.
 * One native object, of one thread: every call computes on the thread that makes it, and only loading and saving do not.
 */
export class AnnIndex {
  private constructor(
    readonly parameters: IndexParameters,
    private readonly graph: HierarchicalNSW,
    private readonly mapper: PointMapper,
    readonly rows: VectorRows,
    readonly shardOf: ShardOf,
    private held: number,
  ) {}

  /** Vectors held: those built in and those inserted since. */
  get count(): number {
    return this.held;
  }

  /** Vectors longer than the index's radius, counted while building and inserting. */
  get clippedCount(): number {
    return this.mapper.clippedCount;
  }

  /**
   * Puts the base rows of a shard into a new graph, one after the other on the calling thread, in `insertionOrder`.
   * @param onProgress called now and then with the rows done
   * @param first by default what is best in the space
   * @throws RangeError for parameters that no index has, and for a value that is not finite
   */
  static build(
    rows: VectorRows,
    parameters: IndexParameters,
    shardOf: ShardOf = WHOLE,
    onProgress: (done: number) => void = () => undefined,
    first?: FirstVectors,
  ): AnnIndex {
    const mapper = mapperFor(parameters);
    const count = shardSize(shardOf, rows.baseCount);
    const graph = new HierarchicalNSW(mapper.distance, mapper.pointDimensions);
    // A graph of no capacity cannot be written, so an empty index has room for one.
    graph.initIndex(Math.max(1, count), parameters.m, parameters.efConstruction, LEVEL_SEED);
    for (const [done, label] of insertionOrder(rows, shardOf, first ?? FIRST_VECTORS[mapper.space]).entries()) {
      graph.addPoint(mapper.pointOf(rows.base, label * rows.dimensions), label);
      if (done % 1_000 === 0) onProgress(done);
    }
    return new AnnIndex(parameters, graph, mapper, rows, shardOf, count);
  }

  /**
   * Loads what `save` wrote.
   * @param parameters as `AnnIndex.parameters` at the time: the file itself does not tell its space or dimensions.
   * @param rows those that the index was built from, and room for what is inserted
   * @throws RangeError for parameters that no index has; Error if the file is missing, damaged, or not this index's.
   */
  static async load(
    path: string,
    parameters: IndexParameters,
    rows: VectorRows,
    shardOf: ShardOf = WHOLE,
  ): Promise<AnnIndex> {
    const mapper = mapperFor(parameters);
    if (rows.dimensions !== parameters.dimensions) {
      throw new RangeError(`vectors of ${rows.dimensions} dimensions for an index of ${parameters.dimensions}`);
    }
    const count = shardSize(shardOf, rows.baseCount);
    const graph = await readGraph(path, mapper, count);
    return new AnnIndex(parameters, graph, mapper, rows, shardOf, count);
  }

  /** The same graph searched with another breadth: faster and less exact, or the reverse. */
  withEfSearch(efSearch: number): AnnIndex {
    const { graph, mapper, rows, shardOf, held } = this;
    return new AnnIndex({ ...this.parameters, efSearch }, graph, mapper, rows, shardOf, held);
  }

  /**
   * Makes a row of `rows` that came in after the build findable. A vector longer than the radius gets no extra coordinate
   * and is counted. Grows the graph where it is full, which holds up its thread.
   * @throws RangeError for a vector that is not finite; nothing is inserted then
   */
  insert(label: number): void {
    const point = this.mapper.pointOf(this.rows.valuesOf(label), this.rows.offsetOf(label));
    if (this.held >= this.graph.getMaxElements()) this.reserve();
    this.graph.addPoint(point, label);
    this.held++;
  }

  /** Makes room for inserts to come. */
  reserve(): void {
    this.graph.resizeIndex(this.held + Math.max(HEADROOM.least, Math.ceil(this.held * HEADROOM.share)));
  }

  /**
   * About the k vectors of largest inner product: all of them where there are at most k, and fewer where the graph does
   * not reach that many. Scores are the graph's own, in float32: within a few units in the last place of Σ|q·v|, the same for
   * equal vectors, and not to the bit those of `innerProduct`, which `VectorRows.rescored` brings.
   * @param query [dimensions]
   * @param accepts leaves labels out while searching: each vector that the search comes by costs a call
   * @throws RangeError if the query has another size or is not finite, or `k` is not a whole number of at least 0.
   */
  search(query: Float32Array, k: number, accepts?: Accepts): SearchResult {
    if (!Number.isInteger(k) || k < 0) throw new RangeError(`k must be a whole number of at least 0, not ${k}`);
    const { point, unit } = this.mapper.queryPoint(query);
    const wanted = Math.min(k, this.held);
    if (wanted === 0) return { labels: [], scores: [] };
    // The breadth is the graph's own state, which `withEfSearch` shares: set on each search.
    this.graph.setEf(Math.max(this.parameters.efSearch, wanted));
    // Nearest first, equal distances by ascending label: in order already.
    const { neighbors: labels, distances: scores } = this.graph.searchKnn(point, wanted, accepts);
    for (let i = 0; i < scores.length; i++) scores[i] = unit * (1 - scores[i]!);
    return { labels, scores };
  }

  /**
   * Gives the graph's memory back now. Otherwise it goes when a garbage collector comes by, which does not see how much it is.
   * Nothing is found any more, and nothing may be inserted.
   */
  release(): void {
    freeGraph(this.graph);
    this.held = 0;
  }

  /**
   * Writes the graph to `path`, then reads it back: hnswlib does not look whether its writes succeed, and a full disk or
   * a missing folder would go unnoticed until a service loads the file.
   * @throws Error if what was written cannot be read.
   */
  async save(path: string): Promise<void> {
    await this.graph.writeIndex(path);
    freeGraph(await readGraph(path, this.mapper, this.held));
  }
}

function mapperFor(parameters: IndexParameters): PointMapper {
  const { space, dimensions, radius } = parameters;
  if (!SPACES.includes(space as Space)) throw new RangeError(`"${space}" is no space: ${SPACES.join(' or ')}`);
  if (!Number.isInteger(dimensions) || dimensions < 1) throw new RangeError(`an index of ${dimensions} dimensions`);
  if (space === 'augmented-l2' && !(radius > 0 && Number.isFinite(radius))) {
    throw new RangeError(`the radius of an augmented index must be positive, not ${radius}`);
  }
  return new PointMapper(space as Space, dimensions, radius);
}

/** hnswlib-node has no other call that does it. */
function freeGraph(graph: HierarchicalNSW): void {
  graph.initIndex(1, 2, 1, LEVEL_SEED);
}

/** Reads with a fresh graph object: hnswlib-node's own one is left dangling by a failed read. */
async function readGraph(path: string, mapper: PointMapper, count: number): Promise<HierarchicalNSW> {
  const graph = new HierarchicalNSW(mapper.distance, mapper.pointDimensions);
  try {
    await graph.readIndex(path);
  } catch (cause) {
    throw new Error(`the index at ${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  if (graph.getCurrentCount() !== count) {
    throw new Error(`the index at ${path} holds ${graph.getCurrentCount()} vectors, not ${count}`);
  }
  return graph;
}
