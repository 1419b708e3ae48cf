/**
 * Nearest-neighbour search on threads of its own: hnswlib computes on the thread that calls it, and an event loop that
 * answers requests has no millisecond to give.
 *
 * An index of one shard is loaded into every thread, so that threads answer requests side by side at full speed each; the
 * vectors are shared, the graphs are not. An index of several shards is spread over the threads, and each request asks
 * all of them, each for its share. One more thread, without graphs, searches exactly for whoever measures recall, behind all
 * that requests wait for.
 */
import {
  type AcceptedSearchResult,
  likelyShare,
  mayHoldMore,
  mergeResults,
  type SearchResult,
  type ShardOf,
  WHOLE,
  worstOf,
} from '@watchnext/ann-index';
import type { IndexParameters } from '@watchnext/contract';
import { makeThreads, shared, sharedFloats, type ThreadLostError } from '@watchnext/threads';
import { SearchThread } from './search-thread';
import {
  type AttributeArrays,
  attributeArrays,
  labelsInUse,
  type Restrictions,
  setWithdrawn,
  withdrawnLabels,
} from './video-attributes';

export interface SearchThreadsOptions {
  readonly threadCount: number;
  /** Searches that may wait for one thread before more are refused. */
  readonly queueLimit: number;
  /** A thread ended by itself: the process should end, and be started anew. */
  readonly onLost?: (error: ThreadLostError) => void;
}

export interface OpenIndexOptions {
  /** [count, dimensions]; copied unless it is on shared memory. */
  readonly vectors: Float32Array;
  readonly dimensions: number;
  /**
   * Length of the longest vector, where it is known. Otherwise the first exact search of each thread looks for it, and what waits for
   * the thread waits for that too.
   */
  readonly largestNorm?: number | undefined;
  /** One path for each shard; undefined: every search is exact. */
  readonly index?: { readonly parameters: IndexParameters; readonly paths: readonly string[] } | undefined;
  /** Vectors that may be added while it is open. */
  readonly addCapacity: number;
}

export interface NearestQuery extends Restrictions {
  /** [dimensions], or several of them one after the other: a vector's score is then the greatest of its inner products with them. */
  readonly query: Float32Array;
  readonly k: number;
  /** Labels left out by name. */
  readonly excluded: Int32Array;
}

export interface NearestOptions {
  /** Aborted while the search waits for its thread, it is not made. */
  readonly signal?: AbortSignal;
  /** It waits behind however many: of somebody who asks for one after the other, and has time. */
  readonly isPatient?: boolean;
}

/** More requests wait than can be answered in time. */
export class SearchOverloadedError extends Error {
  readonly code = 'search-overloaded';
  readonly retriable = true;
  constructor(readonly pending: number) {
    super(`${pending} searches are waiting already`);
    this.name = 'SearchOverloadedError';
  }
}

export class SearchThreads {
  private readonly threads: readonly SearchThread[];
  private readonly oracle: SearchThread;
  /** Searches to come, of all indexes: they share the threads. */
  private readonly coming = { count: 0 };
  private lastKey = 0;

  constructor(private readonly options: SearchThreadsOptions) {
    const { threadCount, onLost } = options;
    if (!Number.isInteger(threadCount) || threadCount < 1) throw new RangeError(`${threadCount} search threads`);
    const threads = makeThreads(threadCount + 1, (index) => new SearchThread(onLost, index === threadCount));
    this.oracle = threads.pop()!;
    this.threads = threads;
  }

  /** @throws Error for an index that cannot be read, or is not over these vectors */
  async open({ vectors, dimensions, largestNorm: known, index, addCapacity }: OpenIndexOptions): Promise<OpenIndex> {
    const key = ++this.lastKey;
    const base = shared(vectors);
    const count = base.length / dimensions;
    const added = sharedFloats(addCapacity * dimensions);
    const attributes = attributeArrays(count, count + addCapacity);
    const groups = groupsOf(this.threads, index ? index.parameters.shardCount || 1 : 1);
    // Added ones are cut to the radius.
    const bound = known === undefined ? undefined : Math.max(known, index?.parameters.radius ?? 0);
    const load = { key, base, added, dimensions, attributes, largestNorm: bound };
    const [exact, ...graphs] = await Promise.allSettled([
      this.oracle.call('load', { ...load, shardsOf: [WHOLE], index: undefined }),
      ...groups.flat().map(({ thread, shardsOf }) => thread.call('load', { ...load, shardsOf, index })),
    ]);
    const failed = [exact!, ...graphs].find((outcome) => outcome.status === 'rejected');
    const largestNorm = exact!.status === 'fulfilled' ? exact.value! : NaN;
    const opened = new OpenIndex({
      key,
      groups,
      oracle: this.oracle,
      base,
      added,
      dimensions,
      attributes,
      queueLimit: this.options.queueLimit,
      coming: this.coming,
      hasGraphs: index !== undefined,
      radius: index?.parameters.radius || largestNorm,
    });
    if (!failed) return opened;
    await opened.close();
    throw failed.reason;
  }

  /** Searches that wait, of all threads. */
  get pending(): number {
    return this.threads.reduce((sum, thread) => sum + thread.pendingSearches, 0);
  }

  async close(): Promise<void> {
    await Promise.all([...this.threads, this.oracle].map((thread) => thread.close()));
  }
}

interface Member {
  readonly thread: SearchThread;
  readonly shardsOf: readonly ShardOf[];
}

/** Threads that hold all shards between them, as many groups as there are threads for. */
function groupsOf(threads: readonly SearchThread[], shardCount: number): Member[][] {
  const size = Math.min(shardCount, threads.length);
  return Array.from({ length: Math.floor(threads.length / size) }, (_, group) =>
    Array.from({ length: size }, (_, member) => ({
      thread: threads[group * size + member]!,
      shardsOf: Array.from({ length: shardCount }, (_, shard) => ({ shard, shardCount })).filter(
        ({ shard }) => shard % size === member,
      ),
    })),
  );
}

interface OpenIndexParts {
  readonly key: number;
  readonly groups: readonly Member[][];
  readonly oracle: SearchThread;
  readonly base: Float32Array;
  readonly added: Float32Array;
  readonly dimensions: number;
  readonly attributes: AttributeArrays;
  readonly queueLimit: number;
  readonly coming: { count: number };
  /** Without, every search is exact. */
  readonly hasGraphs: boolean;
  /** Of the augmentation; without one, the largest norm of the base vectors. */
  readonly radius: number;
}

/** The index of one snapshot, loaded into the threads. */
export class OpenIndex {
  private clipped = 0;

  constructor(private readonly parts: OpenIndexParts) {}

  get dimensions(): number {
    return this.parts.dimensions;
  }

  /** Written here, read by the threads. */
  get attributes(): AttributeArrays {
    return this.parts.attributes;
  }

  get baseCount(): number {
    return this.parts.base.length / this.dimensions;
  }

  /** Labels in use: base vectors and those added. */
  get count(): number {
    return labelsInUse(this.attributes);
  }

  /** Added vectors that were longer than the index's radius, and were cut to it. */
  get clippedCount(): number {
    return this.clipped;
  }

  /**
   * Keeps room for a search whose query is yet to be made, so that whoever would be refused is so before that work.
   * @returns what gives the room back, once: to be called right before the search, or where none comes
   * @throws SearchOverloadedError
   */
  reserve(): () => void {
    const { groups, queueLimit, coming } = this.parts;
    const pending = groups.map(pendingOf);
    const room = pending.reduce((sum, count) => sum + Math.max(0, queueLimit - count), 0);
    if (coming.count >= room) throw new SearchOverloadedError(coming.count + pending.reduce((a, b) => a + b, 0));
    coming.count++;
    return () => void coming.count--;
  }

  /**
   * The k best that are neither excluded nor restricted; fewer only where there are no more.
   * @throws SearchOverloadedError unless it is patient, ThreadLostError, RangeError for a query that is not finite or of no whole number of rows; the signal's reason
   */
  async nearest(
    { query, k, excluded, blockedChannels, forbiddenRules }: NearestQuery,
    { signal, isPatient = false }: NearestOptions = {},
  ): Promise<AcceptedSearchResult> {
    const group = this.idlest();
    const pending = pendingOf(group);
    if (!isPatient && pending >= this.parts.queueLimit) throw new SearchOverloadedError(pending);
    const call = { key: this.parts.key, query, excluded, blockedChannels, forbiddenRules };
    const results = await gather(group, k, (thread, share) => thread.search({ ...call, k: share }, signal));
    if (results.length === 1) return results[0]!;
    const method = results.some((result) => result.method === 'exact') ? 'exact' : 'graph';
    return { ...mergeResults(results, k), method };
  }

  /** What the graphs and what exact search find for a query, or for several as one, without any filter. */
  async compare(query: Float32Array, k: number): Promise<{ found: SearchResult; exact: SearchResult }> {
    const { key, oracle, hasGraphs } = this.parts;
    const [exact, found] = await Promise.all([
      oracle.call('exact', { key, query, k }),
      hasGraphs
        ? gather(this.idlest(), k, (thread, share) => thread.call('graph', { key, query, k: share }))
        : undefined,
    ]);
    return { found: found ? mergeResults(found, k) : exact, exact };
  }

  /**
   * Adds a vector to what is searched, live. One longer than the radius is cut to it and counted: the graph could not find
   * it, and where it could, one video would be the answer to every request.
   * @returns its label, at once, and when the graphs have it; undefined where there is no room left
   * @throws RangeError for one that is not finite; nothing is added then
   */
  add(
    vector: Float32Array,
    { channel, rule }: { channel: number; rule: number },
  ): { readonly label: number; readonly findable: Promise<void> } | undefined {
    const { added, attributes, groups, radius, key } = this.parts;
    const norm = Math.hypot(...vector);
    if (vector.length !== this.dimensions || !Number.isFinite(norm)) {
      throw new RangeError(`a vector of ${vector.length} values and length ${norm} cannot be added`);
    }
    const label = this.count;
    const offset = (label - this.baseCount) * this.dimensions;
    if (offset >= added.length) return undefined;
    const scale = norm > radius ? radius / norm : 1;
    if (scale < 1) this.clipped++;
    vector.forEach((value, i) => (added[offset + i] = scale * value));
    attributes.channels[label] = channel;
    attributes.rules[label] = rule;
    // From here on an exact search sees it; the label is taken whatever happens to the inserts. Searches get in between them.
    Atomics.store(attributes.counts, 0, label + 1);
    const inserts = groups.flat().map(({ thread }) => thread.insert({ key, label }));
    return { label, findable: Promise.all(inserts).then(() => undefined) };
  }

  get withdrawnCount(): number {
    return withdrawnLabels(this.attributes);
  }

  setWithdrawn(label: number, isWithdrawn: boolean): void {
    setWithdrawn(this.attributes, label, isWithdrawn);
  }

  async close(): Promise<void> {
    const threads = [this.parts.oracle, ...this.parts.groups.flat().map(({ thread }) => thread)];
    await Promise.allSettled(threads.map((thread) => thread.call('drop', { key: this.parts.key })));
  }

  private idlest(): Member[] {
    return this.parts.groups.reduce((best, group) => (pendingOf(group) < pendingOf(best) ? group : best));
  }
}

/** Asks each member for its likely share of the k best, and for all k where it may hold more of them. */
async function gather<Result extends SearchResult>(
  group: readonly Member[],
  k: number,
  ask: (thread: SearchThread, k: number) => Promise<Result>,
): Promise<Result[]> {
  const shares = group.map(({ shardsOf }) => likelyShare(k, shardsOf.length / shardsOf[0]!.shardCount));
  const results = await Promise.all(group.map(({ thread }, i) => ask(thread, shares[i]!)));
  if (group.length === 1) return results;
  const merged = mergeResults(results, k);
  return Promise.all(
    results.map((result, i) =>
      shares[i]! < k && mayHoldMore(worstOf(result, shares[i]!), merged, k) ? ask(group[i]!.thread, k) : result,
    ),
  );
}

const pendingOf = (group: readonly Member[]) => Math.max(...group.map(({ thread }) => thread.pendingSearches));
