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

/** Its own threads and those of the BLAS would get into each other's way: ten times slower. */
const ONE_BLAS_THREAD = { OPENBLAS_NUM_THREADS: '1' };

const PRODUCTS = `
import time, torch
torch.set_num_threads(1)
a, b = torch.rand(1024, 1024), torch.rand(1024, 1024)
def seconds():
    begun = time.perf_counter()
    torch.mm(a, b)
    return time.perf_counter() - begun
print(2 * 1024 ** 3 / min(seconds() for _ in range(5)) / 1e9)
`;

/** GFLOP/s of PyTorch's matrix products on one thread: most of the step is those, so they say which BLAS it was given. */
export async function peerProducts(python: string): Promise<number> {
  const { stdout } = await promisify(execFile)(python, ['-c', PRODUCTS], {
    env: { ...process.env, ...ONE_BLAS_THREAD },
  });
  const gflops = Number(stdout);
  if (!(gflops > 0)) throw new Error(`no number of GFLOP/s: ${stdout}`);
  return gflops;
}

/** A core does about 50 with 128-bit vectors and a BLAS that uses them, and 2 to 4 with loops. */
const LEAST_GFLOPS = 10;

/** What to do about a PyTorch that has been given a slow BLAS; undefined where it has not. */
export function slowBlas(gflops: number): string | undefined {
  if (gflops >= LEAST_GFLOPS) return undefined;
  return (
    "That is a reference BLAS, of which PyTorch's step is several times slower than it need be: THE RATIO SAYS NOTHING. " +
    'On Debian or Ubuntu: apt-get install libopenblas0-pthread, and measure again.'
  );
}

/** Runs a script whose clock shows the time that the processors gave it. */
const ON_PROCESSORS = `
import runpy, sys, time
time.perf_counter = time.process_time
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
`;

/** What the peer's script is told, and how it answers: one JSON object, with `step_ms`. */
export async function runPeer(
  python: string,
  script: string,
  flags: Readonly<Record<string, number | string>> & { readonly optimizer: string; readonly threads: number },
  onProcessors: boolean,
): Promise<PeerRun> {
  const { optimizer, threads } = flags;
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const program = onProcessors ? ['-c', ON_PROCESSORS, script] : [script];
  const { stdout } = await promisify(execFile)(python, [...program, ...words], {
    env: { ...process.env, ...ONE_BLAS_THREAD },
  });
  const { step_ms: stepMs } = JSON.parse(stdout) as { step_ms: number };
  if (!(stepMs > 0)) throw new Error(`the peer's answer has no step_ms: ${stdout}`);
  return { optimizer, threads, stepMs };
}
