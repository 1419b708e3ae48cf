/** The program of a thread that searches. It holds its shards of every snapshot that the service holds. */
import {
  type AcceptedSearchResult,
  AnnIndex,
  searchAccepted,
  searchEach,
  type SearchResult,
  searchShards,
  type ShardOf,
  VectorRows,
} from '@watchnext/ann-index';
import type { IndexParameters } from '@watchnext/contract';
import { answerCalls, collectGarbage } from '@watchnext/threads';
import { acceptsFor, type AttributeArrays, labelsInUse, type Restrictions } from './video-attributes';

export interface LoadCall {
  readonly key: number;
  readonly base: Float32Array;
  readonly added: Float32Array;
  readonly dimensions: number;
  /** No vector is longer, of those that are added neither; undefined: not known. */
  readonly largestNorm: number | undefined;
  readonly attributes: AttributeArrays;
  readonly shardsOf: readonly ShardOf[];
  /** Undefined: no graphs, every search is exact. */
  readonly index: { readonly parameters: IndexParameters; readonly paths: readonly string[] } | undefined;
}

export interface SearchCall extends Restrictions {
  readonly key: number;
  /** One query or several, one after the other: see `searchEach`. */
  readonly query: Float32Array;
  readonly k: number;
  readonly excluded: Int32Array;
}

interface Loaded {
  readonly rows: VectorRows;
  readonly attributes: AttributeArrays;
  readonly shardsOf: readonly ShardOf[];
  readonly shards: AnnIndex[];
}

const byKey = new Map<number, Loaded>();

function loaded(key: number): Loaded {
  const found = byKey.get(key);
  if (!found) throw new Error(`index ${key} is not loaded`);
  return found;
}

const handlers = {
  /** @returns the largest norm of the base vectors, where there are no graphs: an exact search needs it anyway */
  async load({
    key,
    base,
    added,
    dimensions,
    largestNorm,
    attributes,
    shardsOf,
    index,
  }: LoadCall): Promise<number | undefined> {
    const rows = new VectorRows(base, dimensions, added, largestNorm);
    const shards: AnnIndex[] = [];
    if (index) {
      for (const shardOf of shardsOf) {
        // Read off this thread, which goes on searching meanwhile.
        const shard = await AnnIndex.load(index.paths[shardOf.shard]!, index.parameters, rows, shardOf);
        if (added.length > 0) shard.reserve();
        shards.push(shard);
      }
    }
    byKey.set(key, { rows, attributes, shardsOf, shards });
    return index ? undefined : rows.largestNorm;
  },
  search({ key, query, k, excluded, ...restrictions }: SearchCall): AcceptedSearchResult {
    const { rows, attributes, shardsOf, shards } = loaded(key);
    const options = {
      k,
      count: labelsInUse(attributes),
      excluded: new Set(excluded),
      accepts: acceptsFor(attributes, restrictions),
    };
    const { labels, scores, each } = searchEach(query, rows.dimensions, k, (one) =>
      searchAccepted(shards, shardsOf, rows, { ...options, query: one }),
    );
    return { labels, scores, method: each.some(({ method }) => method === 'exact') ? 'exact' : 'graph' };
  },
  /** What the graphs alone find, with exact scores, for the meter of their recall. */
  graph({ key, query, k }: { key: number; query: Float32Array; k: number }): SearchResult {
    const { shards, rows } = loaded(key);
    return rows.rescored(
      query,
      searchEach(query, rows.dimensions, k, (one) => searchShards(shards, one, { k })),
    );
  },
  exact({ key, query, k }: { key: number; query: Float32Array; k: number }): SearchResult {
    const { rows, attributes } = loaded(key);
    const count = labelsInUse(attributes);
    const { labels, scores } = searchEach(query, rows.dimensions, k, (one) => rows.exactSearch(one, k, { count }));
    return { labels, scores };
  },
  insert({ key, label }: { key: number; label: number }): void {
    const { shardsOf, shards } = loaded(key);
    shardsOf.forEach(({ shard, shardCount }, i) => {
      if (label % shardCount === shard) shards[i]?.insert(label);
    });
  },
  drop({ key }: { key: number }): void {
    for (const shard of byKey.get(key)?.shards ?? []) shard.release();
    byKey.delete(key);
    // Vectors and attributes on shared memory stay as long as any thread knows of them.
    collectGarbage();
  },
};

export type SearchHandlers = typeof handlers;

answerCalls(handlers);
