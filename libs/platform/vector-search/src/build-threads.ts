/** Builds the shards of an index on several threads at once. */
import { type GraphBuilder, likelyShare, mergeResults, RECALL_K } from '@watchnext/ann-index';
import { makeThreads, shared, Thread } from '@watchnext/threads';
import type { BuildHandlers } from './build-program';
import { programPath } from './program-path';

/** A `GraphBuilder` for `buildIndex`; its threads are ended by `close`, and what was built and not saved is lost then. */
export class BuildThreads implements GraphBuilder {
  private readonly threads: readonly Thread<BuildHandlers>[];
  private lastKey = 0;
  private readonly sharedVectors = new WeakMap<Float32Array, Float32Array>();

  constructor(threadCount: number) {
    if (!Number.isInteger(threadCount) || threadCount < 1) throw new RangeError(`${threadCount} build threads`);
    this.threads = makeThreads(threadCount, () => new Thread<BuildHandlers>(programPath('build-program')));
  }

  async build(...[vectors, parameters, queries, onProgress]: Parameters<GraphBuilder['build']>) {
    const { shardCount } = parameters;
    const values = this.share(vectors);
    const done = new Array<number>(shardCount).fill(0);
    const keys = done.map(() => ++this.lastKey);
    const ofShard = (shard: number) => this.threads[shard % this.threads.length]!;
    const onAll = <T>(task: (shard: number, key: number) => Promise<T>) =>
      Promise.all(keys.map((key, shard) => task(shard, key)));
    await onAll((shard, key) =>
      ofShard(shard).call('build', { key, vectors: values, parameters, shardOf: { shard, shardCount } }, (rows) => {
        done[shard] = rows;
        onProgress(done.reduce((sum, count) => sum + count, 0));
      }),
    );
    return {
      searchSamples: async (efSearch: number) => {
        const k = likelyShare(RECALL_K, 1 / shardCount);
        const byShard = await onAll((shard, key) =>
          ofShard(shard).call('search', { key, queries: [...queries], k, efSearch }),
        );
        return queries.map((_, query) =>
          mergeResults(
            byShard.map((results) => results[query]!),
            RECALL_K,
          ),
        );
      },
      save: async (paths: readonly string[]) => {
        await onAll((shard, key) => ofShard(shard).call('save', { key, path: paths[shard]! }));
      },
      release: async () => {
        await onAll((shard, key) => ofShard(shard).call('release', { key }));
      },
    };
  }

  async exact(...[vectors, dimensions, queries]: Parameters<GraphBuilder['exact']>) {
    const values = this.share(vectors);
    const perThread = Math.ceil(queries.length / this.threads.length);
    const parts = await Promise.all(
      this.threads.map((thread, i) =>
        thread.call('exact', {
          vectors: values,
          dimensions,
          queries: queries.slice(i * perThread, (i + 1) * perThread),
        }),
      ),
    );
    return parts.flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private share(vectors: Float32Array): Float32Array {
    let values = this.sharedVectors.get(vectors);
    if (!values) this.sharedVectors.set(vectors, (values = shared(vectors)));
    return values;
  }
}
