import { AnnIndex, meanRecall, RECALL_K, type SearchResult, searchShards, VectorRows } from '@watchnext/ann-index';

/** One breadth of a search. */
export interface Point {
  readonly ef: number;
  readonly recall: number;
  readonly qps: number;
  /** By this process's time on processors: what others do on the machine takes little from it. Peers do not tell it. */
  readonly qpsOfCore?: number;
}

const LEAST_MS = 1_000;

/** On this thread and nothing besides, one query at a time, as the peers do. */
export async function searchHere(
  paths: readonly string[],
  parameters: AnnIndex['parameters'],
  vectors: Float32Array,
  queries: readonly Float32Array[],
  exact: readonly SearchResult[],
  efs: readonly number[],
): Promise<Point[]> {
  const rows = new VectorRows(vectors, parameters.dimensions);
  const shardCount = paths.length;
  const shards = await Promise.all(
    paths.map((path, shard) => AnnIndex.load(path, parameters, rows, { shard, shardCount })),
  );
  return efs.map((ef) => {
    const broad = shards.map((shard) => shard.withEfSearch(ef));
    const search = (query: Float32Array) => searchShards(broad, query, { k: RECALL_K });
    const rescored = queries.map((query) => rows.rescored(query, search(query)));
    // Once through compiled it for the types it meets; again until a second says how fast it is.
    const [startedAt, usage] = [performance.now(), process.cpuUsage()];
    let searched = 0;
    do {
      for (const query of queries) search(query);
      searched += queries.length;
    } while (performance.now() - startedAt < LEAST_MS);
    const qps = (1_000 * searched) / (performance.now() - startedAt);
    const { user, system } = process.cpuUsage(usage);
    return { ef, recall: meanRecall(rescored, exact), qps, qpsOfCore: (1e6 * searched) / (user + system) };
  });
}
