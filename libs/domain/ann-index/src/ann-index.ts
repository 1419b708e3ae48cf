import type { IndexParameters } from '@watchnext/contract';
import { HierarchicalNSW } from 'hnswlib-node';
import { innerProduct, sortResult, type SearchResult } from './exact-search';
import { PointMapper, SPACES, type Space } from './space';

/** hnswlib draws each vector's level at random; a fixed seed makes the same vectors the same graph. */
const LEVEL_SEED = 100;

/** Vectors with row numbers as labels in an HNSW graph, searched by inner product. Made by `buildIndex` or `loadIndex`. */
export class AnnIndex {
  private constructor(
    readonly parameters: IndexParameters,
    readonly count: number,
    private readonly graph: HierarchicalNSW,
    private readonly mapper: PointMapper,
    private readonly vectors: VectorSource,
  ) {}

  /** Vectors longer than the index's radius, counted while building; a loaded index cannot tell and says 0. */
  get clippedCount(): number {
    return this.mapper.clippedCount;
  }

  /** Puts all vectors into a new graph, one after the other on the calling thread. */
  static build(vectors: Float32Array, count: number, parameters: IndexParameters): AnnIndex {
    const mapper = mapperFor(parameters);
    const graph = new HierarchicalNSW(mapper.distance, mapper.pointDimensions);
    // A graph of no capacity cannot be written, so an empty index has room for one.
    graph.initIndex(Math.max(1, count), parameters.m, parameters.efConstruction, LEVEL_SEED);
    for (let label = 0; label < count; label++) {
      graph.addPoint(mapper.pointOf(vectors, label * mapper.dimensions), label);
    }
    return new AnnIndex(parameters, count, graph, mapper, new HeldVectors(vectors, mapper.dimensions));
  }

  /** See `loadIndex`. */
  static async load(path: string, parameters: IndexParameters, count: number): Promise<AnnIndex> {
    const mapper = mapperFor(parameters);
    const graph = await readGraph(path, mapper, count);
    return new AnnIndex(parameters, count, graph, mapper, new StoredVectors(graph, count, mapper.dimensions));
  }

  /** The same graph searched with another breadth: faster and less exact, or the reverse. */
  withEfSearch(efSearch: number): AnnIndex {
    return new AnnIndex({ ...this.parameters, efSearch }, this.count, this.graph, this.mapper, this.vectors);
  }

  /** The same index with what was measured of it written into its parameters. */
  withRecallAt100(recallAt100: number): AnnIndex {
    return new AnnIndex({ ...this.parameters, recallAt100 }, this.count, this.graph, this.mapper, this.vectors);
  }

  /**
   * About the k vectors of largest inner product: all of them where there are at most k, and fewer where the graph does
   * not reach that many. Scores are exact (see `innerProduct`), so their order among those found is too.
   * @param query [dimensions]
   * @throws RangeError if the query has another size or is not finite, or `k` is not a whole number of at least 0.
   */
  search(query: Float32Array, k: number): SearchResult {
    if (!Number.isInteger(k) || k < 0) throw new RangeError(`k must be a whole number of at least 0, not ${k}`);
    const point = this.mapper.queryPoint(query);
    const wanted = Math.min(k, this.count);
    if (wanted === 0) return { labels: [], scores: [] };
    // The breadth is the graph's own state, which `withEfSearch` shares: set on each search.
    this.graph.setEf(Math.max(this.parameters.efSearch, wanted));
    const labels = this.graph.searchKnn(point, wanted).neighbors;
    return sortResult(
      labels,
      labels.map((label) => this.vectors.innerProductWith(query, label)),
    );
  }

  /**
   * Writes the graph to `path`, then reads it back: hnswlib does not look whether its writes succeed, and a full disk or
   * a missing folder would go unnoticed until a service loads the file.
   * @throws Error if what was written cannot be read.
   */
  async save(path: string): Promise<void> {
    await this.graph.writeIndex(path);
    await readGraph(path, this.mapper, this.count);
  }
}

/**
 * Loads what `save` wrote.
 * @param parameters as `AnnIndex.parameters` at the time: the file itself does not tell its space or dimensions.
 * @throws RangeError for parameters that no index has; Error if the file is missing, damaged, or not this index's.
 */
export function loadIndex(path: string, parameters: IndexParameters, count: number): Promise<AnnIndex> {
  return AnnIndex.load(path, parameters, count);
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

interface VectorSource {
  innerProductWith(query: Float32Array, label: number): number;
}

class HeldVectors implements VectorSource {
  constructor(
    private readonly vectors: Float32Array,
    private readonly dimensions: number,
  ) {}

  innerProductWith(query: Float32Array, label: number): number {
    return innerProduct(query, this.vectors, label * this.dimensions);
  }
}

/**
 * The vectors inside a loaded graph, which hnswlib-node hands out only as arrays of numbers: each is taken out when it
 * is first found, and kept. Taking one of 64 dimensions out costs 10 µs, scoring a kept one 0.1 µs; the memory grows with
 * what is really found.
 */
class StoredVectors implements VectorSource {
  private readonly known: Uint8Array;
  private readonly vectors: Float32Array;

  constructor(
    private readonly graph: HierarchicalNSW,
    count: number,
    private readonly dimensions: number,
  ) {
    this.known = new Uint8Array(count);
    this.vectors = new Float32Array(count * dimensions);
  }

  innerProductWith(query: Float32Array, label: number): number {
    const offset = label * this.dimensions;
    if (this.known[label] === 0) {
      // An augmented point ends with its extra coordinate; all before it is the vector, as float32 as it came.
      const point = this.graph.getPoint(label);
      for (let i = 0; i < this.dimensions; i++) this.vectors[offset + i] = point[i]!;
      this.known[label] = 1;
    }
    return innerProduct(query, this.vectors, offset);
  }
}
