/**
 * The candidate model's training step beside the same step in PyTorch, in one go: ours and the peer take turns, and every
 * figure is the median of its rounds, since a shared machine's speed changes from minute to minute.
 */
import { availableParallelism } from 'node:os';
import { BackendUnavailableError, selectBackend, tfjsCandidateEngine, wasmCandidateEngine } from '@watchnext/tensor';
import { type BenchReport, report } from '../report';
import { STEP } from './batches';
import { measureEngine, median, type StepTimes } from './measure-engine';
import { type PeerRun, runPeer } from './peer';

export interface TrainOptions {
  readonly videos: readonly number[];
  readonly rounds: number;
  readonly steps: number;
  readonly threads: number;
  /** Script of the peer; without it ours is measured alone. */
  readonly peer?: string;
  readonly python: string;
  /** Also TensorFlow.js in WebAssembly, which is what our kernels replace, and native TensorFlow where it is installed. */
  readonly engines: boolean;
}

const OPTIMIZERS = ['adagrad', 'sparse_adam'];

interface SizeFigures {
  readonly videos: number;
  readonly examplesPerSecond: Record<string, number>;
  /** Ours by the best of the peer's. */
  readonly ratio: number | undefined;
  readonly stepMs: number;
  readonly partsMs: Readonly<Record<string, number>>;
  readonly peerRuns: readonly PeerRun[];
}

export async function benchTrain(options: TrainOptions): Promise<{ result: BenchReport; text: string }> {
  const sizes: SizeFigures[] = [];
  for (const videos of options.videos) sizes.push(await measureSize(videos, options));
  const growth = sizes.length > 1 ? sizes[sizes.length - 1].stepMs / sizes[0].stepMs : undefined;
  const result = report('train', { ...STEP, ...options }, { sizes, growth });
  return { result, text: describe(sizes, growth, options) };
}

async function measureSize(videos: number, options: TrainOptions): Promise<SizeFigures> {
  const { threads, rounds, steps, peer, python } = options;
  const ours = (count: number) =>
    measureEngine((onPhase) => wasmCandidateEngine({ threads: count, onPhase }), videos, steps);
  const rows = new Map<string, StepTimes[]>();
  const add = (name: string, times: StepTimes) => rows.set(name, [...(rows.get(name) ?? []), times]);
  const peerRuns: PeerRun[] = [];
  const name = `ours, ${threads} threads`;
  for (let round = 0; round < rounds; round++) {
    console.error(`${videos} videos, round ${round + 1} of ${rounds} …`);
    add(name, await ours(threads));
    if (peer === undefined) continue;
    for (const optimizer of OPTIMIZERS) {
      for (const count of new Set([1, availableParallelism()])) {
        peerRuns.push(await runPeer(python, peer, { videos, steps, optimizer, threads: count }));
      }
    }
  }
  if (options.engines) {
    if (threads > 1) add('ours, 1 thread', await ours(1));
    for (const backendName of ['wasm', 'tensorflow'] as const) {
      const backend = await selectBackend(backendName).catch((error) => {
        if (error instanceof BackendUnavailableError) return undefined;
        throw error;
      });
      if (backend) add(backend.version, await measureEngine(() => tfjsCandidateEngine(backend), videos, steps));
    }
  }
  const rate = (stepMs: number) => Math.round((1_000 * STEP.batch) / stepMs);
  const examplesPerSecond: Record<string, number> = {};
  for (const [row, times] of rows) examplesPerSecond[row] = rate(median(times.map(({ stepMs }) => stepMs)));
  for (const [row, runs] of grouped(peerRuns)) examplesPerSecond[row] = rate(median(runs.map(({ stepMs }) => stepMs)));
  const best = Math.max(
    ...Object.entries(examplesPerSecond).map(([row, value]) => (row.startsWith('PyTorch') ? value : 0)),
  );
  const times = rows.get(name) as StepTimes[];
  return {
    videos,
    examplesPerSecond,
    ratio: peer === undefined ? undefined : examplesPerSecond[name] / best,
    stepMs: median(times.map(({ stepMs }) => stepMs)),
    partsMs: times[0].parts,
    peerRuns,
  };
}

function grouped(runs: readonly PeerRun[]): Map<string, PeerRun[]> {
  const groups = new Map<string, PeerRun[]>();
  for (const run of runs) {
    const name = `PyTorch, ${run.optimizer}, ${run.threads} thread${run.threads === 1 ? '' : 's'}`;
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  return groups;
}

function describe(sizes: readonly SizeFigures[], growth: number | undefined, options: TrainOptions): string {
  const lines = sizes.flatMap(({ videos, examplesPerSecond, ratio, stepMs, partsMs }) => [
    `${videos.toLocaleString('en')} videos, examples a second:`,
    ...Object.entries(examplesPerSecond).map(
      ([name, rate]) => `  ${name.padEnd(36)}${rate.toLocaleString('en').padStart(9)}`,
    ),
    ...(ratio === undefined ? [] : [`  ours by the best of PyTorch: ${ratio.toFixed(2)}`]),
    `  a step of ours, ${stepMs.toFixed(1)} ms: ${Object.entries(partsMs)
      .map(([part, ms]) => `${part} ${ms.toFixed(2)}`)
      .join(', ')}`,
    '',
  ]);
  if (growth !== undefined) {
    const [first, last] = [options.videos[0], options.videos[options.videos.length - 1]];
    lines.push(
      `A step at ${last.toLocaleString('en')} videos takes ${growth.toFixed(2)} times one at ${first.toLocaleString('en')}.`,
    );
  }
  if (options.peer === undefined) {
    lines.push('No peer was run: name its script with --peer or WATCHNEXT_TRAIN_PEER (it needs Python with torch).');
  }
  return lines.join('\n');
}
