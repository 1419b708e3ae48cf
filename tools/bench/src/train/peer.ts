import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { STEP } from './batches';

export interface PeerRun {
  readonly optimizer: string;
  readonly threads: number;
  readonly stepMs: number;
}

/** What the peer's script is told, and how it answers: one JSON object, with `step_ms`. */
export async function runPeer(
  python: string,
  script: string,
  { videos, steps, optimizer, threads }: { videos: number; steps: number; optimizer: string; threads: number },
): Promise<PeerRun> {
  const options = {
    videos,
    dim: STEP.dimensions,
    history: STEP.history,
    context: STEP.context,
    tower: STEP.hiddenSizes.join(','),
    negatives: STEP.negatives,
    batch: STEP.batch,
    steps,
    optimizer,
    threads,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(python, [script, ...flags], {
    // Its own threads and those of the BLAS would get into each other's way: ten times slower.
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1' },
  });
  const { step_ms: stepMs } = JSON.parse(stdout) as { step_ms: number };
  if (!(stepMs > 0)) throw new Error(`the peer's answer has no step_ms: ${stdout}`);
  return { optimizer, threads, stepMs };
}
