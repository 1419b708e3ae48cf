/** npm run bench -- index-sweep: what M, ef_construction and ef cost and bring, as a plot. */
import { temporaryFolder } from '@watchnext/end-to-end';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { radiusFor, RECALL_K } from '@watchnext/ann-index';
import { BuildThreads } from '@watchnext/vector-search';
import { type BenchReport, report } from '../report';
import { type Point, searchHere } from './search-here';
import { generateVectors } from './vectors';
import { drawChart, type Series } from '@watchnext/plots';

/** What the documents show. */
export const SWEEP_PLOT = 'docs/index-sweep.svg';
export const SWEEP_DEFAULTS: SweepSetting = {
  vectors: 100_000,
  dimensions: 64,
  queries: 300,
  m: [8, 16, 32],
  efConstruction: [100, 200, 400],
  ef: [100, 150, 200, 300, 400, 600, 800],
  seed: 1,
};

interface SweepSetting {
  readonly vectors: number;
  readonly dimensions: number;
  readonly queries: number;
  readonly m: readonly number[];
  readonly efConstruction: readonly number[];
  readonly ef: readonly number[];
  readonly seed: number;
}

export interface SweepOptions extends SweepSetting {
  readonly plot?: string;
}

/** Where the plot goes: a quick try does not replace what the documents show. */
export function plotFileOf({ plot, ...setting }: SweepOptions): string {
  return plot ?? (isDeepStrictEqual(setting, SWEEP_DEFAULTS) ? SWEEP_PLOT : join(tmpdir(), basename(SWEEP_PLOT)));
}

interface Swept {
  readonly m: number;
  readonly efConstruction: number;
  /** Of one thread, on a processor. */
  readonly buildProcessorSeconds: number;
  readonly points: readonly Point[];
}

export async function sweepIndex(options: SweepOptions): Promise<{ result: BenchReport; text: string }> {
  const { vectors: count, dimensions, seed } = options;
  const plot = plotFileOf(options);
  const { vectors, queries } = generateVectors({ count, queryCount: options.queries, dimensions, seed });
  const queryRows = Array.from({ length: options.queries }, (_, row) =>
    queries.subarray(row * dimensions, (row + 1) * dimensions),
  );
  const { path: folder, remove } = temporaryFolder('bench-sweep');
  const threads = new BuildThreads(1);
  const swept: Swept[] = [];
  try {
    const exact = await threads.exact(vectors, dimensions, queryRows);
    for (const m of options.m) {
      for (const efConstruction of options.efConstruction) {
        process.stderr.write(`M ${m}, ef_construction ${efConstruction}\n`);
        const parameters = {
          space: 'augmented-l2',
          dimensions,
          m,
          efConstruction,
          efSearch: options.ef[0]!,
          radius: radiusFor(vectors, dimensions),
          recallAt100: 0,
          shardCount: 1,
        };
        const usage = process.cpuUsage();
        const graphs = await threads.build(vectors, parameters, queryRows, () => undefined);
        const { user, system } = process.cpuUsage(usage);
        const buildProcessorSeconds = (user + system) / 1e6;
        const path = join(folder, `${m}-${efConstruction}`);
        await graphs.save([path]);
        await graphs.release();
        const points = await searchHere([path], parameters, vectors, queryRows, exact, options.ef);
        await rm(path);
        swept.push({ m, efConstruction, buildProcessorSeconds, points });
      }
    }
  } finally {
    await threads.close();
    await remove();
  }
  const lines = swept.map(({ m, efConstruction, points }): Series => ({
    name: `M ${m}, ef_construction ${efConstruction}`,
    points: points.map(({ recall, qpsOfCore = 0, ef }) => ({
      x: recall,
      y: qpsOfCore,
      label: `M ${m}, ef_construction ${efConstruction}, ef ${ef}: ${recall.toFixed(4)}, ${qpsOfCore.toFixed(0)}/s`,
    })),
  }));
  const title = `recall@${RECALL_K} and queries per second of one core, ${count} × ${dimensions}`;
  await writeFile(
    plot,
    drawChart({ title, x: `recall@${RECALL_K}`, y: 'queries per second', series: lines, width: 760, height: 460 }),
  );
  const setting = { ...options, plot, space: 'augmented-l2', k: RECALL_K };
  return { result: report('index-sweep', setting, swept), text: `${describe(swept)}\n\nplot: ${plot}` };
}

function describe(swept: readonly Swept[]): string {
  const rows = swept.flatMap(({ m, efConstruction, buildProcessorSeconds, points }) =>
    points.map(
      ({ ef, recall, qpsOfCore = 0 }) =>
        `| ${m} | ${efConstruction} | ${buildProcessorSeconds.toFixed(0)} s | ${ef} | ${recall.toFixed(4)} | ${qpsOfCore.toFixed(0)} |`,
    ),
  );
  return [
    '| M | ef_construction | built in | ef | recall@100 | queries/s |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
