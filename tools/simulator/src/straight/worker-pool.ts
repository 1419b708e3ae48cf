/** Runs tasks on so many worker processes, one task at a time each. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { askWorker, startWorker, type WorkerProgram } from '@watchnext/threads';
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

export interface WorkerProgress {
  readonly viewers: number;
  readonly records: number;
}

export interface WorkerDone {
  readonly result: unknown;
}

const BUILT: WorkerProgram = { file: join(__dirname, 'worker.js'), execArgv: ['--max-old-space-size=4096'] };

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
    const child = startWorker(program);
    children.push(child);
    try {
      while (next < tasks.length) {
        const index = next++;
        const { result } = await askWorker<WorkerProgress, WorkerDone>(child, tasks[index], ({ viewers, records }) =>
          onProgress(viewers, records),
        );
        results[index] = result as Result;
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
