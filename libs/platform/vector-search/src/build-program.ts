/** The program of a thread that builds graphs. */
import { AnnIndex, RECALL_K, type SearchResult, type ShardOf, VectorRows } from '@watchnext/ann-index';
import type { IndexParameters } from '@watchnext/contract';
import { answerCalls, collectGarbage, reportProgress } from '@watchnext/threads';

export interface BuildCall {
  readonly key: number;
  /** On shared memory. */
  readonly vectors: Float32Array;
  readonly parameters: IndexParameters;
  readonly shardOf: ShardOf;
}

const graphs = new Map<number, AnnIndex>();

function graph(key: number): AnnIndex {
  const found = graphs.get(key);
  if (!found) throw new Error(`no graph ${key} was built here`);
  return found;
}

const handlers = {
  build({ key, vectors, parameters, shardOf }: BuildCall): void {
    const rows = new VectorRows(vectors, parameters.dimensions);
    graphs.set(key, AnnIndex.build(rows, parameters, shardOf, reportProgress));
  },
  /** @param k how many of each query */
  search(input: { key: number; queries: Float32Array[]; k: number; efSearch: number }): SearchResult[] {
    const index = graph(input.key).withEfSearch(input.efSearch);
    return input.queries.map((query) => index.rows.rescored(query, index.search(query, input.k)));
  },
  async save({ key, path }: { key: number; path: string }): Promise<void> {
    await graph(key).save(path);
  },
  release({ key }: { key: number }): void {
    graphs.get(key)?.release();
    graphs.delete(key);
    // Its object, and vectors on shared memory that nothing else knows of.
    collectGarbage();
  },
  exact(input: { vectors: Float32Array; dimensions: number; queries: Float32Array[] }): SearchResult[] {
    const rows = new VectorRows(input.vectors, input.dimensions);
    return input.queries.map((query) => rows.exactSearch(query, RECALL_K));
  },
};

export type BuildHandlers = typeof handlers;

answerCalls(handlers);
