/** Worker processes that do one task at a time, told over a channel of their own. */
import { type ChildProcess, fork } from 'node:child_process';

/** How a worker is started; specs run the source. */
export interface WorkerProgram {
  readonly file: string;
  readonly execArgv: readonly string[];
}

/** What a worker sends: how far it is, as often as it likes, then that it is done or failed. */
export type WorkerReport<Progress, Done> =
  | ({ readonly kind: 'progress' } & Progress)
  | ({ readonly kind: 'done' } & Done)
  | { readonly kind: 'failed'; readonly message: string };

/** A worker ended or said that it failed. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

export function startWorker({ file, execArgv }: WorkerProgram): ChildProcess {
  return fork(file, [], {
    execArgv: [...execArgv],
    serialization: 'advanced',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

/** @throws WorkerError */
export function askWorker<Progress, Done>(
  child: ChildProcess,
  task: object,
  onProgress: (progress: Progress) => void,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const onMessage = (report: WorkerReport<Progress, Done>) => {
      if (report.kind === 'progress') return onProgress(report);
      settle();
      if (report.kind === 'done') resolve(report);
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
