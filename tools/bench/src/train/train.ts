/**
 * A model's training step beside the same step in PyTorch, in one go: ours and the peer take turns, and every figure is the
 * median of its rounds, since a shared machine's speed changes from minute to minute.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { median } from '@watchnext/learning';
import {
  BackendUnavailableError,
  type KernelPreference,
  kernelModule,
  nameOfKernels,
  selectBackend,
} from '@watchnext/tensor';
import { type BenchReport, report } from '../report';
import { CANDIDATE_STEP } from './candidate-step';
import { measureStep, type StepTimes } from './measure-step';
import type { EngineChoice, MeasuredStep } from './measured-step';
import { hasTorch, peerProducts, type PeerRun, runPeer, slowBlas } from './peer';
import { RANKING_STEP } from './ranking-step';

export interface TrainOptions {
  readonly model: 'candidate' | 'ranking' | 'both';
  readonly videos: readonly number[];
  readonly rounds: number;
  readonly steps: number;
  readonly threads: number;
  /** Ours on each of these in turn; the ratio is that of the first. */
  readonly kernels: readonly KernelPreference[];
  /** One thread of each, by the time that processors gave it: what a clock shows where other programs run is theirs, too. */
  readonly onProcessors: boolean;
  /** Script of the candidate step's peer; without it ours is measured alone. The ranking step's is our own. */
  readonly peer?: string;
  readonly python: string;
  /** Also TensorFlow.js in WebAssembly, which is what our kernels replace, and native TensorFlow where it is installed. */
  readonly engines: boolean;
}

const OPTIMIZERS = ['adagrad', 'sparse_adam'];
const RANKING_PEER = join(__dirname, '..', '..', 'python', 'ranking_train_peer.py');

interface ModelFigures {
  readonly model: MeasuredStep['model'];
  readonly sizes: readonly SizeFigures[];
  /** Milliseconds of a step at the last size by those at the first. */
  readonly growth: number | undefined;
  /** Why there is no peer. */
  readonly withoutPeer: string | undefined;
  /** GFLOP/s of the peer's matrix products on one thread. */
  readonly peerGflops: number | undefined;
}

interface SizeFigures {
  readonly videos: number;
  readonly examplesPerSecond: Record<string, number>;
  /** Milliseconds of all cores for a step; of the peer not known. */
  readonly cpuMs: Record<string, number>;
  /** Ours by the best of the peer's. */
  readonly ratio: number | undefined;
  readonly stepMs: number;
  readonly partsMs: Readonly<Record<string, number>>;
  readonly peerRuns: readonly PeerRun[];
}

export async function benchTrain(options: TrainOptions): Promise<{ result: BenchReport; text: string }> {
  const steps = [CANDIDATE_STEP, RANKING_STEP].filter(({ model }) => [model, 'both'].includes(options.model));
  const models: ModelFigures[] = [];
  for (const step of steps) models.push(await measureModel(step, options));
  const sizes = Object.fromEntries(steps.map((step) => [step.model, step.sizes]));
  const result = report('train', { ...sizes, ...options }, { models });
  return { result, text: models.map((figures) => describe(figures, options)).join('\n\n') };
}

async function measureModel(step: MeasuredStep, options: TrainOptions): Promise<ModelFigures> {
  const { script, withoutPeer } = await peerOf(step, options);
  const peerGflops = script === undefined ? undefined : await peerProducts(options.python);
  if (peerGflops !== undefined) console.error(describeBlas(peerGflops));
  const sizes: SizeFigures[] = [];
  for (const videos of options.videos) sizes.push(await measureSize(step, videos, script, options));
  const growth = sizes.length > 1 ? sizes[sizes.length - 1].stepMs / sizes[0].stepMs : undefined;
  return { model: step.model, sizes, growth, withoutPeer, peerGflops };
}

async function peerOf({ model }: MeasuredStep, { peer, python }: TrainOptions) {
  const script = model === 'ranking' ? RANKING_PEER : peer;
  if (script === undefined) {
    const withoutPeer =
      'No peer was run: name its script with --peer or WATCHNEXT_TRAIN_PEER (it needs Python with torch).';
    return { script, withoutPeer };
  }
  if (await hasTorch(python)) return { script, withoutPeer: undefined };
  const withoutPeer = `No peer was run: ${python} has no torch; name one that has with --python or WATCHNEXT_PYTHON.`;
  return { script: undefined, withoutPeer };
}

async function measureSize(
  step: MeasuredStep,
  videos: number,
  script: string | undefined,
  options: TrainOptions,
): Promise<SizeFigures> {
  const { rounds, steps, python, onProcessors } = options;
  const threads = onProcessors ? 1 : options.threads;
  const measure = async (engine: EngineChoice) => {
    const times = await measureStep(step, engine, videos, steps);
    return onProcessors ? { ...times, stepMs: times.cpuMs } : times;
  };
  const rows = new Map<string, StepTimes[]>();
  const add = (name: string, times: StepTimes) => rows.set(name, [...(rows.get(name) ?? []), times]);
  const peerRuns: PeerRun[] = [];
  const ours = options.kernels.map((preference) => {
    const kernels = kernelModule(preference);
    return { kernels, name: `ours, ${nameOfKernels(kernels)}, ${threads} thread${threads === 1 ? '' : 's'}` };
  });
  const [{ kernels: first, name }] = ours;
  for (let round = 0; round < rounds; round++) {
    console.error(`${step.model} step, ${videos} videos, round ${round + 1} of ${rounds} …`);
    for (const one of ours) add(one.name, await measure({ threads, kernels: one.kernels }));
    if (script === undefined) continue;
    for (const optimizer of OPTIMIZERS) {
      for (const count of new Set([1, onProcessors ? 1 : availableParallelism()])) {
        const flags = { ...step.peerFlags, videos, steps, optimizer, threads: count };
        peerRuns.push(await runPeer(python, script, flags, onProcessors));
      }
    }
  }
  if (options.engines) {
    if (threads > 1) add(`ours, ${nameOfKernels(first)}, 1 thread`, await measure({ threads: 1, kernels: first }));
    for (const backendName of ['wasm', 'tensorflow'] as const) {
      const backend = await selectBackend(backendName).catch((error) => {
        if (error instanceof BackendUnavailableError) return undefined;
        throw error;
      });
      if (backend) add(backend.version, await measure({ backend }));
    }
  }
  const rate = (stepMs: number) => Math.round((1_000 * step.batch) / stepMs);
  const examplesPerSecond: Record<string, number> = {};
  for (const [row, times] of rows) examplesPerSecond[row] = rate(median(times.map(({ stepMs }) => stepMs)));
  const cpuMs = Object.fromEntries([...rows].map(([row, times]) => [row, median(times.map((one) => one.cpuMs))]));
  for (const [row, runs] of grouped(peerRuns)) examplesPerSecond[row] = rate(median(runs.map(({ stepMs }) => stepMs)));
  const best = Math.max(
    ...Object.entries(examplesPerSecond).map(([row, value]) => (row.startsWith('PyTorch') ? value : 0)),
  );
  const times = rows.get(name) as StepTimes[];
  return {
    videos,
    examplesPerSecond,
    cpuMs,
    ratio: script === undefined ? undefined : examplesPerSecond[name] / best,
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

function describeBlas(gflops: number): string {
  const warning = slowBlas(gflops);
  const said = `PyTorch's matrix products on one thread: ${gflops.toFixed(1)} GFLOP/s.`;
  return warning === undefined ? said : `${said} ${warning}`;
}

function describe({ model, sizes, growth, withoutPeer, peerGflops }: ModelFigures, options: TrainOptions): string {
  const lines = sizes.flatMap(({ videos, examplesPerSecond, cpuMs, ratio, stepMs, partsMs }) => [
    `${model} step, ${videos.toLocaleString('en')} videos, examples a second${options.onProcessors ? ' of a processor' : ''}:`,
    ...Object.entries(examplesPerSecond).map(
      ([name, rate]) =>
        `  ${name.padEnd(36)}${rate.toLocaleString('en').padStart(9)}` +
        (name in cpuMs ? `   ${cpuMs[name].toFixed(1)} ms of processors a step` : ''),
    ),
    ...(ratio === undefined ? [] : [`  ours by the best of PyTorch: ${ratio.toFixed(2)}`]),
    `  a step of ours, ${stepMs.toFixed(2)} ms: ${Object.entries(partsMs)
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
  if (peerGflops !== undefined) lines.push(describeBlas(peerGflops));
  if (withoutPeer !== undefined) lines.push(withoutPeer);
  return lines.join('\n');
}
