/** npm run bench -- index: recall, queries per second, build time and memory of our index, beside hnswlib and faiss. */
import { temporaryFolder } from '@watchnext/end-to-end';
import { quantile } from '@watchnext/learning';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnnIndex, edgesFor, radiusFor, RECALL_K, type Space, SPACES } from '@watchnext/ann-index';
import { BuildThreads, SearchThreads } from '@watchnext/vector-search';
import { type BenchReport, report } from '../report';
import { atEqualRecall, type AtEqualRecall } from './equal-recall';
import { measureFilters } from './filters';
import { keptGraphs, nameOf } from './kept-graphs';
import { writeNpy } from './npy';
import { type Measured, PEER_NAMES, runPeers } from './peers';
import { searchHere } from './search-here';
import { trainedVectors } from './trained-vectors';
import { type BenchVectors, generateVectors } from './vectors';

export interface IndexBenchOptions {
  readonly vectors: number;
  readonly dimensions: number;
  readonly queries: number;
  /** By the number of vectors, as publishing chooses it, where it is not told. */
  readonly m?: number;
  readonly efConstruction: number;
  readonly ef: readonly number[];
  readonly seed: number;
  /** Instead of generated vectors, those of what this folder serves. */
  readonly data?: string;
  readonly partitions: number;
  /** Where one space alone is built. */
  readonly space?: Space;
  /** A script that runs all peers, or "hnswlib": hnswlib alone, in the better space. */
  readonly peer?: string;
  /** Keeps the graphs there, and takes those that are there. */
  readonly graphs?: string;
  /** Ours and the peer by time on processors in place of the clock's. */
  readonly onProcessors: boolean;
  readonly python: string;
}

interface Built extends Measured {
  readonly space: Space;
  readonly paths: readonly string[];
}

const TARGET_RECALL = 0.98;
const UNRESTRICTED = { excluded: new Int32Array(0), blockedChannels: [], forbiddenRules: new Uint8Array(0) };

export async function benchIndex(options: IndexBenchOptions): Promise<{ result: BenchReport; text: string }> {
  const { efConstruction, ef } = options;
  const { path: folder, remove } = temporaryFolder('bench-index');
  const say = (text: string) => process.stderr.write(`${text}\n`);
  try {
    say(options.data === undefined ? `generating ${options.vectors} vectors` : `reading ${options.data}`);
    const { vectors, queries, dimensions, origin } = await vectorsOf(options);
    const { m = edgesFor(vectors.length / dimensions) } = options;
    const rowOf = (row: number) => queries.subarray(row * dimensions, (row + 1) * dimensions);
    const queryRows = Array.from({ length: options.queries }, (_, row) => rowOf(row));
    const threads = new BuildThreads(2);
    const radius = radiusFor(vectors, dimensions);
    const parametersOf = (space: Space, shardCount: number) => ({
      space,
      dimensions,
      m,
      efConstruction,
      efSearch: ef[0]!,
      radius: space === 'augmented-l2' ? radius : 0,
      recallAt100: 0,
      shardCount,
    });
    const graphsFolder = options.graphs ?? folder;
    const clock = options.onProcessors ? 'processors' : 'wall';
    say('searching exactly');
    const exact = await threads.exact(vectors, dimensions, queryRows);
    const build = async (space: Space, shardCount: number): Promise<Built> => {
      const name = `${space}, ${shardCount} shard${shardCount > 1 ? 's' : ''}`;
      const parameters = parametersOf(space, shardCount);
      const { paths, buildSeconds } = await keptGraphs(graphsFolder, vectors, parameters, clock, async (paths) => {
        say(`building ${name}`);
        const [startedAt, usage] = [performance.now(), process.cpuUsage()];
        const graphs = await threads.build(vectors, parameters, queryRows, () => undefined);
        const { user, system } = process.cpuUsage(usage);
        const milliseconds = options.onProcessors ? (user + system) / 1e3 : performance.now() - startedAt;
        await graphs.save(paths);
        await graphs.release();
        return milliseconds / 1_000;
      });
      say(`searching ${name}`);
      const measured = await searchHere(paths, parameters, vectors, queryRows, exact, ef);
      const points = measured.map(({ qpsOfCore = 0, ...point }) =>
        options.onProcessors ? { ...point, qps: qpsOfCore } : { ...point, qpsOfCore },
      );
      const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
      const graphBytes = sizes.reduce((sum, size) => sum + size, 0);
      return { name, space, paths, buildSeconds, points, graphBytes };
    };
    // As publishing does: both spaces, and what follows in the one that finds more.
    const whole: Built[] = [];
    for (const space of options.space === undefined ? SPACES : [options.space]) whole.push(await build(space, 1));
    const [one, ...others] = whole.sort((a, b) => mostFound(b) - mostFound(a)) as [Built, ...Built[]];
    const sharded = await build(one.space, 2);
    await threads.close();

    say('searching through threads');
    const efSearch = (one.points.find(({ recall }) => recall >= TARGET_RECALL) ?? one.points.at(-1)!).ef;
    const served = [];
    for (const [{ paths }, threadCount] of [
      [one, 1],
      [one, 2],
      [sharded, 2],
    ] as const) {
      const index = { parameters: { ...parametersOf(one.space, paths.length), efSearch }, paths };
      served.push(await searchThroughThreads(vectors, dimensions, index, threadCount, queryRows));
    }
    say('searching with filters');
    const filters = await measureFilters(
      one.paths[0]!,
      { ...parametersOf(one.space, 1), efSearch },
      vectors,
      queryRows,
    );

    let peers: Measured[] = [];
    if (options.peer !== undefined) {
      await writeNpy(join(folder, 'vectors.npy'), vectors, dimensions);
      await writeNpy(join(folder, 'queries.npy'), queries, dimensions);
      say(`running ${options.peer}`);
      const name = nameOf(vectors, parametersOf(one.space, 1), clock);
      const keep = options.graphs && join(options.graphs, `${name}-hnswlib`);
      peers = await runPeers(options.peer, { ...options, m, space: one.space, folder, keep });
    }
    const ours = [one, sharded, ...others];
    const figures = { ours, served, filters, peers, comparison: compare(one, sharded, peers) };
    const setting = {
      ...options,
      vectors: vectors.length / dimensions,
      dimensions,
      m,
      ef: [...ef],
      k: RECALL_K,
      origin,
    };
    return { result: report('index', setting, figures), text: describe(figures) };
  } finally {
    await remove();
  }
}

function vectorsOf({ vectors, dimensions, queries, seed, data, partitions }: IndexBenchOptions): Promise<BenchVectors> {
  return data === undefined
    ? Promise.resolve(generateVectors({ count: vectors, queryCount: queries, dimensions, seed }))
    : trainedVectors(data, partitions, queries);
}

/** As retrieval serves: messages to threads, four requests at once for each thread, then one at a time for the latency. */
async function searchThroughThreads(
  vectors: Float32Array,
  dimensions: number,
  index: { parameters: AnnIndex['parameters']; paths: readonly string[] },
  threadCount: number,
  queries: readonly Float32Array[],
) {
  const before = process.memoryUsage().rss;
  const threads = new SearchThreads({ threadCount, queueLimit: 1_000 });
  const open = await threads.open({ vectors, dimensions, index, addCapacity: 0 });
  const nearest = (query: Float32Array) => open.nearest({ query, k: RECALL_K, ...UNRESTRICTED });
  for (const query of queries.slice(0, 50)) await nearest(query);
  const latencies: number[] = [];
  for (const query of queries) {
    const startedAt = performance.now();
    await nearest(query);
    latencies.push(performance.now() - startedAt);
  }
  let next = 0;
  const client = async () => {
    for (let i = next++; i < queries.length; i = next++) await nearest(queries[i]!);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 4 * threadCount }, client));
  const qps = (1_000 * queries.length) / (performance.now() - startedAt);
  const residentBytes = process.memoryUsage().rss - before;
  await threads.close();
  return {
    shards: index.paths.length,
    threads: threadCount,
    ef: index.parameters.efSearch,
    qps,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    residentBytes,
  };
}

const mostFound = ({ points }: Measured) => Math.max(...points.map(({ recall }) => recall));

/** Beside hnswlib in the same space. */
function compare(one: Built, sharded: Built, peers: readonly Measured[]) {
  const peer = peers.find(({ name }) => name === PEER_NAMES[one.space]);
  if (!peer) return undefined;
  return {
    peer: peer.name,
    oneIndex: atEqualRecall(one.points, peer.points, TARGET_RECALL),
    shards: atEqualRecall(sharded.points, peer.points, TARGET_RECALL),
    /** Two workers, a shard each, against hnswlib with two threads. */
    buildRatio: sharded.buildSeconds / peer.buildSeconds,
  };
}

function describe(figures: {
  ours: readonly Measured[];
  served: readonly Awaited<ReturnType<typeof searchThroughThreads>>[];
  filters: Awaited<ReturnType<typeof measureFilters>>;
  peers: readonly Measured[];
  comparison: ReturnType<typeof compare>;
}): string {
  const lines: string[] = [];
  for (const { name, buildSeconds, points, graphBytes } of [...figures.ours, ...figures.peers]) {
    const size = graphBytes === undefined ? '' : `, ${(graphBytes / 2 ** 20).toFixed(0)} MiB`;
    lines.push(`${name}: built in ${buildSeconds.toFixed(1)} s${size}`);
    for (const { ef, recall, qps } of points) {
      lines.push(
        `  ef ${String(ef).padStart(4)}  recall@100 ${recall.toFixed(4)}  ${qps.toFixed(0).padStart(6)} queries/s`,
      );
    }
  }
  lines.push('', 'through threads, as served:');
  for (const { shards, threads, ef, qps, p50Ms, p99Ms, residentBytes } of figures.served) {
    lines.push(
      `  ${shards} shard(s) on ${threads} thread(s), ef ${ef}: ${qps.toFixed(0)} queries/s, alone p50 ${p50Ms.toFixed(2)} ms, ` +
        `p99 ${p99Ms.toFixed(2)} ms, ${(residentBytes / 2 ** 20).toFixed(0)} MiB more`,
    );
  }
  lines.push('', 'filters, mean ms for the 100 best of what is let through:');
  for (const { share, broaderMs, filteredMs, exactMs, chosen } of figures.filters) {
    lines.push(
      `  ${(100 * share).toFixed(1).padStart(5)}%: k' > k ${broaderMs.toFixed(2)}, filter in search ${filteredMs.toFixed(2)}, ` +
        `exact ${exactMs.toFixed(2)}; chosen: ${chosen}`,
    );
  }
  if (figures.comparison) {
    const { peer, oneIndex, shards, buildRatio } = figures.comparison;
    const show = (compared: AtEqualRecall | undefined) =>
      compared === undefined
        ? `below recall ${TARGET_RECALL}`
        : `${compared.qpsRatio.toFixed(2)} of its queries/s per core at recall ${compared.recall.toFixed(3)}`;
    lines.push(
      '',
      `beside ${peer} (C++): one index, ${show(oneIndex)}; two shards, ${show(shards)}; ` +
        `two workers take ${buildRatio.toFixed(2)} of its build time with two threads`,
    );
  }
  return lines.join('\n');
}
