/** npm run bench -- index-order: what of the vectors should go into a graph first, on vectors of several kinds. */
import { temporaryFolder } from '@watchnext/end-to-end';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnIndex, type FirstVectors, radiusFor, RECALL_K, type Space, VectorRows, WHOLE } from '@watchnext/ann-index';
import { createRandom } from '@watchnext/learning';
import { BuildThreads } from '@watchnext/vector-search';
import { type BenchReport, report } from '../report';
import { type Point, searchHere } from './search-here';
import { trainedVectors } from './trained-vectors';
import { type BenchVectors, generateVectors } from './vectors';

/** By the names that --first takes. */
export const ORDERS: Readonly<Record<string, FirstVectors>> = {
  'all-by-label': { share: 1, longestShare: 0 },
  'all-by-length': { share: 1, longestShare: 1 },
  'quarter-evenly': { share: 0.25, longestShare: 0 },
  'tenth-by-length': { share: 0.1, longestShare: 1 },
  'quarter-by-length': { share: 0.25, longestShare: 1 },
  'eighth-and-eighth': { share: 0.25, longestShare: 0.5 },
};
export const KINDS = ['clusters', 'stretched-clusters', 'independent'] as const;

export interface OrderOptions {
  readonly vectors: number;
  readonly dimensions: number;
  readonly queries: number;
  readonly kind: (typeof KINDS)[number];
  /** Instead of generated vectors, those of what this folder serves. */
  readonly data?: string;
  readonly partitions: number;
  /** Every so manieth of those. */
  readonly every: number;
  readonly space: Space;
  readonly m: number;
  readonly efConstruction: number;
  readonly first: readonly string[];
  readonly ef: readonly number[];
  readonly seed: number;
}

interface Measured {
  readonly first: string;
  readonly buildProcessorSeconds: number;
  readonly points: readonly Point[];
}

export async function benchInsertionOrders(options: OrderOptions): Promise<{ result: BenchReport; text: string }> {
  const { space, m, efConstruction, ef } = options;
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { vectors, queries, dimensions, origin } = await vectorsOf(options);
  const queryRows = Array.from({ length: options.queries }, (_, row) =>
    queries.subarray(row * dimensions, (row + 1) * dimensions),
  );
  const threads = new BuildThreads(1);
  const exact = await threads.exact(vectors, dimensions, queryRows);
  await threads.close();
  const radius = space === 'augmented-l2' ? radiusFor(vectors, dimensions) : 0;
  const parameters = { space, dimensions, m, efConstruction, efSearch: ef[0]!, radius, recallAt100: 0, shardCount: 1 };
  const rows = new VectorRows(vectors, dimensions);
  const measured: Measured[] = [];
  const { path: folder, remove } = temporaryFolder('bench-orders');
  try {
    for (const first of options.first) {
      say(`building: ${first}`);
      const usage = process.cpuUsage();
      const graph = AnnIndex.build(rows, parameters, WHOLE, undefined, ORDERS[first]);
      const { user, system } = process.cpuUsage(usage);
      const path = join(folder, first);
      await graph.save(path);
      graph.release();
      const points = await searchHere([path], parameters, vectors, queryRows, exact, ef);
      await rm(path);
      measured.push({ first, buildProcessorSeconds: (user + system) / 1e6, points });
    }
  } finally {
    await remove();
  }
  const setting = { ...options, origin, count: rows.baseCount, k: RECALL_K };
  return { result: report('index-order', setting, measured), text: describe(origin, ef, measured) };
}

async function vectorsOf(options: OrderOptions): Promise<BenchVectors> {
  const { data, every, partitions, kind, vectors: count, queries: queryCount, dimensions, seed } = options;
  if (data !== undefined) return everyOf(await trainedVectors(data, partitions, queryCount), every);
  const random = createRandom(seed).fork('stretches');
  if (kind === 'independent') {
    const draws = random.fork('values');
    const vectors = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
    for (let i = 0; i < vectors.length; i++) vectors[i] = draws.gaussian();
    stretch(vectors, dimensions, () => Math.exp(0.5 * random.gaussian()));
    const queries = Float32Array.from({ length: queryCount * dimensions }, () => draws.gaussian());
    return { vectors, queries, dimensions, origin: 'independent normals, each stretched by exp(0.5 · normal)' };
  }
  const made = generateVectors({ count, queryCount, dimensions, seed });
  if (kind === 'clusters') return made;
  const ofCluster = new Map<number, number>();
  stretch(made.vectors, dimensions, (row) => {
    const cluster = made.clusters[row]!;
    if (!ofCluster.has(cluster)) ofCluster.set(cluster, Math.exp(0.6 * random.gaussian()));
    return ofCluster.get(cluster)!;
  });
  return { ...made, origin: `${made.origin}, each cluster stretched by exp(0.6 · normal)` };
}

function everyOf(all: BenchVectors, every: number): BenchVectors {
  const { vectors, dimensions, origin } = all;
  const count = Math.floor(vectors.length / dimensions / every);
  const taken = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
  for (let i = 0; i < count; i++) {
    const from = i * every * dimensions;
    taken.set(vectors.subarray(from, from + dimensions), i * dimensions);
  }
  return { ...all, vectors: taken, origin: every === 1 ? origin : `${origin}, ${count} of them evenly` };
}

/** In place. */
function stretch(vectors: Float32Array, dimensions: number, by: (row: number) => number): void {
  for (let row = 0; row < vectors.length / dimensions; row++) {
    const factor = by(row);
    for (let i = row * dimensions; i < (row + 1) * dimensions; i++) vectors[i]! *= factor;
  }
}

function describe(origin: string, efs: readonly number[], measured: readonly Measured[]): string {
  const lines = measured.map(({ first, buildProcessorSeconds, points }) =>
    [first, `${buildProcessorSeconds.toFixed(0)} s`, ...points.map(({ recall }) => recall.toFixed(4))].join(' | '),
  );
  return [
    `${origin}; recall@${RECALL_K} by ef`,
    '',
    `| first | built in | ${efs.join(' | ')} |`,
    `|${'---|'.repeat(efs.length + 2)}`,
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}
