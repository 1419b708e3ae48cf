import { AnnIndex } from './ann-index';
import { exactSearch, recallAtK, type SearchResult } from './exact-search';
import { radiusFor, SPACES, type Space } from './space';

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
  /** Edges per vector and level; 16. */
  readonly m?: number;
  /** Breadth of the search for neighbours while building; 200. */
  readonly efConstruction?: number;
  /** Breadth of a search. By default the least of 100, 200, 400 and 800 that meets `targetRecall`, or else 800. */
  readonly efSearch?: number;
  /** Recall@100 that the choice of efSearch aims at; 0.98. */
  readonly targetRecall?: number;
  /** Spaces to build and compare; both by default. One saves half the time where the better is known. */
  readonly spaces?: readonly Space[];
  /** Radius of the augmentation, where several shards must share one; by default the largest norm with headroom. */
  readonly radius?: number;
  /** Milliseconds, for the comparison of speeds; the machine's clock by default. */
  readonly clock?: () => number;
}

const RECALL_K = 100;
const EF_SEARCH_STEPS = [100, 200, 400, 800];
/** Recalls closer than this count as equal: over 100 queries the mean is known no better. */
const RECALL_TOLERANCE = 0.005;
const STAND_IN_QUERIES = 100;

interface Measured {
  readonly index: AnnIndex;
  readonly recall: number;
  readonly searchMs: number;
}

/**
 * Builds the index in both spaces, measures each on the sample queries against exact search, and returns the one of
 * better recall@100, or the faster where recalls are equal. The parameters of the result say which it was and its recall.
 *
 * Synchronous, and twice the work of one build: 1M vectors of 64 take about 11 minutes a space on one core.
 *
 * @throws RangeError if the arrays do not fit the counts, or a value is not finite.
 */
export function buildIndex(options: BuildIndexOptions): AnnIndex {
  const { vectors, count, dimensions, spaces = SPACES, clock = () => performance.now() } = options;
  checkShape('vectors', vectors, count, dimensions);
  checkShape('sampleQueries', options.sampleQueries, options.sampleCount, dimensions);
  if (spaces.length === 0) throw new RangeError('there is no space to build in');
  const radius = options.radius ?? radiusFor(vectors, dimensions);
  const queries = sampleQueriesOf(options);
  const exact = queries.map((query) => exactSearch(vectors, dimensions, query, RECALL_K));

  let best: Measured | undefined;
  for (const space of spaces) {
    const built = AnnIndex.build(vectors, count, {
      space,
      dimensions,
      m: options.m ?? 16,
      efConstruction: options.efConstruction ?? 200,
      efSearch: options.efSearch ?? EF_SEARCH_STEPS[0]!,
      radius: space === 'augmented-l2' ? radius : 0,
      recallAt100: 0,
    });
    const measured = atItsBreadth(built, queries, exact, options, clock);
    if (best === undefined || isBetter(measured, best)) best = measured;
  }
  return best!.index.withRecallAt100(best!.recall);
}

/** Recall@100 of the index on these queries, beside the exact answers. */
export function measureRecall(
  index: AnnIndex,
  queries: readonly Float32Array[],
  exact: readonly SearchResult[],
): number {
  if (queries.length === 0) return 1;
  let sum = 0;
  queries.forEach((query, i) => (sum += recallAtK(index.search(query, RECALL_K), exact[i]!, RECALL_K)));
  return sum / queries.length;
}

function atItsBreadth(
  built: AnnIndex,
  queries: readonly Float32Array[],
  exact: readonly SearchResult[],
  options: BuildIndexOptions,
  clock: () => number,
): Measured {
  const steps = options.efSearch === undefined ? EF_SEARCH_STEPS : [options.efSearch];
  let measured: Measured | undefined;
  for (const efSearch of steps) {
    const index = built.withEfSearch(efSearch);
    const startedAt = clock();
    const recall = measureRecall(index, queries, exact);
    measured = { index, recall, searchMs: clock() - startedAt };
    if (recall >= (options.targetRecall ?? 0.98)) break;
  }
  return measured!;
}

function isBetter(challenger: Measured, best: Measured): boolean {
  const gain = challenger.recall - best.recall;
  return gain > RECALL_TOLERANCE || (gain >= -RECALL_TOLERANCE && challenger.searchMs < best.searchMs);
}

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
