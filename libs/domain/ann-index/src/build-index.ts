import type { IndexParameters } from '@watchnext/contract';
import { AnnIndex } from './ann-index';
import { recallAtK, type SearchResult } from './exact-search';
import { likelyShare, searchShards } from './sharded-search';
import { radiusFor, SPACES, type Space } from './space';
import { VectorRows, WHOLE } from './vector-rows';

export interface BuildIndexOptions {
  /** [count, dimensions]; kept by the index, so not to be changed afterwards. */
  readonly vectors: Float32Array;
  readonly count: number;
  readonly dimensions: number;
  /**
   * [sampleCount, dimensions]: queries as they will come, to measure recall and speed with. With none, up to 100 of the
   * vectors stand in, which are easier to find than real queries.
   */
  readonly sampleQueries: Float32Array;
  readonly sampleCount: number;
  /** Edges per vector and level; `edgesFor(count)`. */
  readonly m?: number;
  /** Breadth of the search for neighbours while building; 400. */
  readonly efConstruction?: number;
  /** Breadth of a search of each graph. By default the least of `EF_SEARCH_STEPS` that meets `targetRecall`, or else the last. */
  readonly efSearch?: number;
  /** Recall@100 that the choice of efSearch aims at; 0.98. */
  readonly targetRecall?: number;
  /** Spaces to build and compare; both by default. One saves half the time where the better is known. */
  readonly spaces?: readonly Space[];
  /** Radius of the augmentation; by default the largest norm with headroom. */
  readonly radius?: number;
  /** Graphs that the vectors are spread over, each built by itself; 1. */
  readonly shardCount?: number;
  /** Milliseconds, for the comparison of speeds; the machine's clock by default. */
  readonly clock?: () => number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Graphs of one space over all the vectors, not yet an index: nobody knows how broadly to search them. */
export interface BuiltGraphs {
  /** The 100 best of each of the build's sample queries, with exact scores. */
  searchSamples(efSearch: number): Promise<SearchResult[]>;
  /** Writes each shard to its path. @throws Error for what cannot be read back */
  save(paths: readonly string[]): Promise<void>;
  /** Frees what `save` is not wanted of. */
  release(): Promise<void>;
}

/** Where graphs are built: on this thread, or several at once on others. */
export interface GraphBuilder {
  build(
    vectors: Float32Array,
    parameters: IndexParameters,
    queries: readonly Float32Array[],
    onProgress: (done: number) => void,
  ): Promise<BuiltGraphs>;
  /** The 100 best of each query, exactly. */
  exact(vectors: Float32Array, dimensions: number, queries: readonly Float32Array[]): Promise<SearchResult[]>;
}

/** An index that was built and measured, on its way into a snapshot. */
export interface BuiltIndex {
  readonly parameters: IndexParameters;
  /** @param paths one for each of `parameters.shardCount` */
  save(paths: readonly string[]): Promise<void>;
  release(): Promise<void>;
}

/** k of the recall that indexes are chosen and gated by. */
export const RECALL_K = 100;
/** Breadths that are tried; those below what is asked of a graph are of no effect, so they are for shards. */
const EF_SEARCH_STEPS = [50, 70, 100, 150, 200, 300, 400, 600, 800];
/** Recalls closer than this count as equal: over 100 queries the mean is known no better. */
const RECALL_TOLERANCE = 0.005;
const STAND_IN_QUERIES = 100;
/** Decision 115: at 100,000 × 64 either number of edges is as good; at 1,000,000 × 64 16 find .827 at ef 800, and 32 .998. */
const MANY_VECTORS = 200_000;
/** Above twice this many vectors the spaces are compared on an even sample of this size; the better one is built whole. */
const COMPARED_ON = 50_000;

/**
 * Edges per vector and level. The descent through the upper levels seldom ends in the right one of many clusters, and only edges
 * of the lowest level that lead between clusters make up for it.
 */
export const edgesFor = (count: number) => (count > MANY_VECTORS ? 32 : 16);

interface Measured {
  readonly graphs: BuiltGraphs;
  readonly parameters: IndexParameters;
  readonly searchMs: number;
}

/**
 * Builds the index in both spaces, measures each on the sample queries against exact search, and returns the one of
 * better recall@100; where recalls are equal, that which need be searched less broadly for it, and then the faster. The
 * parameters of the result say which it was and its recall.
 *
 * Of many vectors the spaces are compared on a sample, which saves half of the time: only where the better one of the
 * sample then misses `targetRecall` on all vectors is the other built as well.
 *
 * @throws RangeError if the arrays do not fit the counts, or a value is not finite.
 */
export async function buildIndex(
  options: BuildIndexOptions,
  builder: GraphBuilder = buildOnThisThread,
): Promise<BuiltIndex> {
  const { vectors, count, dimensions, spaces = SPACES, shardCount = 1 } = options;
  checkShape('vectors', vectors, count, dimensions);
  checkShape('sampleQueries', options.sampleQueries, options.sampleCount, dimensions);
  if (spaces.length === 0) throw new RangeError('there is no space to build in');
  if (!Number.isInteger(shardCount) || shardCount < 1) throw new RangeError(`an index of ${shardCount} shards`);
  const radius = options.radius ?? radiusFor(vectors, dimensions);
  const build = new Build(options, radius, builder);
  const order = spaces.length > 1 && count > 2 * COMPARED_ON ? await build.orderBySample(spaces) : undefined;
  const best = order ? await build.firstGoodEnough(order) : await build.best(spaces, vectors);
  return {
    parameters: best.parameters,
    save: (paths) => best.graphs.save(paths),
    release: () => best.graphs.release(),
  };
}

class Build {
  private readonly queries: readonly Float32Array[];
  private readonly targetRecall: number;

  constructor(
    private readonly options: BuildIndexOptions,
    private readonly radius: number,
    private readonly builder: GraphBuilder,
  ) {
    this.queries = sampleQueriesOf(options);
    this.targetRecall = options.targetRecall ?? 0.98;
  }

  /** The spaces, the better one on an even sample of the vectors first. */
  async orderBySample(spaces: readonly Space[]): Promise<Space[]> {
    const { vectors, count, dimensions } = this.options;
    const sample = new Float32Array(COMPARED_ON * dimensions);
    for (let i = 0; i < COMPARED_ON; i++) {
      const row = Math.floor((i * count) / COMPARED_ON);
      sample.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    }
    const { graphs, parameters } = await this.best(spaces, sample);
    await graphs.release();
    return [parameters.space as Space, ...spaces.filter((space) => space !== parameters.space)];
  }

  async firstGoodEnough(order: readonly Space[]): Promise<Measured> {
    const exact = await this.exact(this.options.vectors);
    let best: Measured | undefined;
    for (const space of order) {
      best = await this.better(best, await this.measure(space, this.options.vectors, exact));
      if (best.parameters.recallAt100 >= this.targetRecall) break;
    }
    return best!;
  }

  async best(spaces: readonly Space[], vectors: Float32Array): Promise<Measured> {
    const exact = await this.exact(vectors);
    let best: Measured | undefined;
    for (const space of spaces) best = await this.better(best, await this.measure(space, vectors, exact));
    return best!;
  }

  private exact(vectors: Float32Array): Promise<SearchResult[]> {
    return this.builder.exact(vectors, this.options.dimensions, this.queries);
  }

  private async measure(space: Space, vectors: Float32Array, exact: readonly SearchResult[]): Promise<Measured> {
    const { count, dimensions, efConstruction = 400, efSearch, shardCount = 1, clock = defaultClock } = this.options;
    const { m = edgesFor(count) } = this.options;
    const total = vectors.length / dimensions;
    const parameters = {
      space,
      dimensions,
      m,
      efConstruction,
      efSearch: 0,
      radius: space === 'augmented-l2' ? this.radius : 0,
      recallAt100: 0,
      shardCount,
    };
    const graphs = await this.builder.build(vectors, parameters, this.queries, (done) =>
      this.options.onProgress?.(done, total),
    );
    let measured: Measured | undefined;
    const least = likelyShare(RECALL_K, 1 / shardCount);
    for (const ef of efSearch === undefined ? EF_SEARCH_STEPS.filter((step) => step >= least) : [efSearch]) {
      const startedAt = clock();
      const recallAt100 = meanRecall(await graphs.searchSamples(ef), exact);
      measured = { graphs, parameters: { ...parameters, efSearch: ef, recallAt100 }, searchMs: clock() - startedAt };
      if (recallAt100 >= this.targetRecall) break;
    }
    return measured!;
  }

  private async better(best: Measured | undefined, challenger: Measured): Promise<Measured> {
    if (best === undefined) return challenger;
    const gain = challenger.parameters.recallAt100 - best.parameters.recallAt100;
    const moreWork = challenger.parameters.efSearch - best.parameters.efSearch || challenger.searchMs - best.searchMs;
    const wins = gain > RECALL_TOLERANCE || (gain >= -RECALL_TOLERANCE && moreWork < 0);
    await (wins ? best : challenger).graphs.release();
    return wins ? challenger : best;
  }
}

/** Mean recall@100 of what was found, beside the exact answers; 1 where there are no queries. */
export function meanRecall(found: readonly SearchResult[], exact: readonly SearchResult[]): number {
  if (found.length === 0) return 1;
  let sum = 0;
  found.forEach((result, i) => (sum += recallAtK(result, exact[i]!, RECALL_K)));
  return sum / found.length;
}

/** One graph after the other, synchronously: for small catalogues and specs. */
export const buildOnThisThread: GraphBuilder = {
  async build(vectors, parameters, queries, onProgress) {
    const rows = new VectorRows(vectors, parameters.dimensions);
    const { shardCount } = parameters;
    const shards = Array.from({ length: shardCount }, (_, shard) =>
      AnnIndex.build(rows, parameters, { shard, shardCount }, (done) => onProgress(done * shardCount)),
    );
    return {
      searchSamples: async (efSearch) =>
        queries.map((query) => {
          const broad = shards.map((shard) => shard.withEfSearch(efSearch));
          return rows.rescored(query, searchShards(broad, query, { k: RECALL_K }));
        }),
      save: async (paths) => {
        for (const [shard, index] of shards.entries()) await index.save(paths[shard]!);
      },
      release: async () => undefined,
    };
  },
  async exact(vectors, dimensions, queries) {
    const rows = new VectorRows(vectors, dimensions);
    return queries.map((query) => rows.exactSearch(query, RECALL_K, { shardOf: WHOLE }));
  },
};

const defaultClock = () => performance.now();

function sampleQueriesOf(options: BuildIndexOptions): Float32Array[] {
  const { vectors, count, dimensions, sampleQueries, sampleCount } = options;
  const row = (values: Float32Array, index: number) => values.subarray(index * dimensions, (index + 1) * dimensions);
  if (sampleCount > 0) return Array.from({ length: sampleCount }, (_, i) => row(sampleQueries, i));
  const standIns = Math.min(count, STAND_IN_QUERIES);
  return Array.from({ length: standIns }, (_, i) => row(vectors, Math.floor((i * count) / standIns)));
}

function checkShape(name: string, values: Float32Array, count: number, dimensions: number): void {
  if (!Number.isInteger(count) || count < 0 || !Number.isInteger(dimensions) || dimensions < 1) {
    throw new RangeError(`${name}: ${count} rows of ${dimensions} dimensions`);
  }
  if (values.length !== count * dimensions) {
    throw new RangeError(
      `${name} has ${values.length} values where ${count} rows of ${dimensions} have ${count * dimensions}`,
    );
  }
}
