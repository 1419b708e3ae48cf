import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface PeerRun {
  readonly optimizer: string;
  readonly threads: number;
  readonly stepMs: number;
}

/** Whether a Python has PyTorch. */
export async function hasTorch(python: string): Promise<boolean> {
  return promisify(execFile)(python, ['-c', 'import torch']).then(
    () => true,
    () => false,
  );
}

/** What the peer's script is told, and how it answers: one JSON object, with `step_ms`. */
export async function runPeer(
  python: string,
  script: string,
  flags: Readonly<Record<string, number | string>> & { readonly optimizer: string; readonly threads: number },
): Promise<PeerRun> {
  const { optimizer, threads } = flags;
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(python, [script, ...words], {
    // Its own threads and those of the BLAS would get into each other's way: ten times slower.
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1' },
  });
  const { step_ms: stepMs } = JSON.parse(stdout) as { step_ms: number };
  if (!(stepMs > 0)) throw new Error(`the peer's answer has no step_ms: ${stdout}`);
  return { optimizer, threads, stepMs };
}
