import { AnnIndex, RECALL_K, searchAccepted, VectorRows, WHOLE } from '@watchnext/ann-index';

/** Shares of the videos that a filter lets through, every n-th. */
const ONE_IN = [1, 2, 5, 10, 30, 100, 1_000];
const QUERIES = 40;

/** Three ways to the 100 best of what a filter lets through, beside each other, and which of them serving takes. */
export async function measureFilters(
  path: string,
  parameters: AnnIndex['parameters'],
  vectors: Float32Array,
  allQueries: readonly Float32Array[],
) {
  const rows = new VectorRows(vectors, parameters.dimensions);
  const index = await AnnIndex.load(path, parameters, rows);
  const queries = allQueries.slice(0, QUERIES);
  const timed = (work: (query: Float32Array) => unknown) => {
    work(queries[0]!);
    const startedAt = performance.now();
    for (const query of queries) work(query);
    return (performance.now() - startedAt) / queries.length;
  };
  return ONE_IN.map((oneIn) => {
    const accepts = (label: number) => label % oneIn === 0;
    const broader = (query: Float32Array) =>
      index.search(query, Math.min(rows.baseCount, Math.ceil(RECALL_K * oneIn * 1.25))).labels.filter(accepts);
    const search = (query: Float32Array) =>
      searchAccepted([index], [WHOLE], rows, {
        query,
        k: RECALL_K,
        count: rows.baseCount,
        excluded: new Set<number>(),
        accepts: oneIn === 1 ? undefined : accepts,
      });
    return {
      share: 1 / oneIn,
      broaderMs: timed(broader),
      filteredMs: timed((query) => index.search(query, RECALL_K, accepts)),
      exactMs: timed((query) => rows.exactSearch(query, RECALL_K, { accepts })),
      chosen: search(queries[0]!).method,
      chosenMs: timed(search),
    };
  });
}
