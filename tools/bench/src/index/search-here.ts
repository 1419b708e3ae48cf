import { AnnIndex, meanRecall, RECALL_K, type SearchResult, searchShards, VectorRows } from '@watchnext/ann-index';

/** One breadth of a search. */
export interface Point {
  readonly ef: number;
  readonly recall: number;
  readonly qps: number;
  /** By this process's time on processors: what others do on the machine takes little from it. Peers do not tell it. */
  readonly qpsOfCore?: number;
}

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
    for (const query of queries.slice(0, 50)) search(query);
    const [startedAt, usage] = [performance.now(), process.cpuUsage()];
    const found = queries.map(search);
    const qps = (1_000 * queries.length) / (performance.now() - startedAt);
    const { user, system } = process.cpuUsage(usage);
    const rescored = found.map((result, i) => rows.rescored(queries[i]!, result));
    return { ef, recall: meanRecall(rescored, exact), qps, qpsOfCore: (1e6 * queries.length) / (user + system) };
  });
}
