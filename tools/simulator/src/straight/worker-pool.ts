/** Runs tasks on so many worker processes, one task at a time each. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { TellTask } from './tell-lives';

export type WorkerTask =
  | ({ readonly kind: 'tell' } & TellTask)
  | {
      readonly kind: 'archive';
      readonly partition: number;
      readonly spillFolder: string;
      /** Undefined: only the checksum. */
      readonly archiveFolder: string | undefined;
    };

export type WorkerReport =
  | { readonly kind: 'progress'; readonly viewers: number; readonly records: number }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly message: string };

/** How a worker is started; specs run the source. */
export interface WorkerProgram {
  readonly file: string;
  readonly execArgv: readonly string[];
}

const BUILT: WorkerProgram = { file: join(__dirname, 'worker.js'), execArgv: ['--max-old-space-size=4096'] };

/** A worker ended or said that it failed. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/**
 * @returns the results in the order of the tasks
 * @throws WorkerError; then no worker runs any more
 */
export async function runOnWorkers<Result>(
  tasks: readonly WorkerTask[],
  workerCount: number,
  onProgress: (viewers: number, records: number) => void,
  signal?: AbortSignal,
  program: WorkerProgram = BUILT,
): Promise<Result[]> {
  const results: Result[] = [];
  const children: ChildProcess[] = [];
  const stop = () => children.forEach((child) => child.kill());
  signal?.throwIfAborted();
  signal?.addEventListener('abort', stop);
  let next = 0;
  const work = async () => {
    const child = fork(program.file, [], {
      execArgv: [...program.execArgv],
      serialization: 'advanced',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    children.push(child);
    try {
      while (next < tasks.length) {
        const index = next++;
        results[index] = (await runTask(child, tasks[index], onProgress)) as Result;
      }
    } finally {
      child.kill();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(workerCount, tasks.length) }, work));
    return results;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

function runTask(
  child: ChildProcess,
  task: WorkerTask,
  onProgress: (viewers: number, records: number) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onMessage = (report: WorkerReport) => {
      if (report.kind === 'progress') return onProgress(report.viewers, report.records);
      settle();
      if (report.kind === 'done') resolve(report.result);
      else reject(new WorkerError(report.message));
    };
    const onExit = (code: number | null, signal: string | null) => {
      settle();
      reject(new WorkerError(`a worker ended with ${signal ?? `code ${code}`}`));
    };
    const settle = () => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(task);
  });
}
