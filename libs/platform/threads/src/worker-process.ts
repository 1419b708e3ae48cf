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

/** A worker ended, could not be asked, or said that it failed. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

export function startWorker({ file, execArgv }: WorkerProgram): ChildProcess {
  const child = fork(file, [], {
    execArgv: [...execArgv],
    serialization: 'advanced',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  // Told to whoever asks it (`askWorker`); one that comes when nobody does would end this process.
  child.on('error', () => undefined);
  return child;
}

/** @throws WorkerError */
export function askWorker<Progress, Done>(
  child: ChildProcess,
  task: object,
  onProgress: (progress: Progress) => void,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null) =>
      reject(new WorkerError(`a worker ended with ${signal ?? `code ${code}`}`));
    // What is sent to it then is lost in silence, and it does not end again.
    if (child.exitCode !== null || child.signalCode !== null) return ended(child.exitCode, child.signalCode);
    const onMessage = (report: WorkerReport<Progress, Done>) => {
      if (report.kind === 'progress') return onProgress(report);
      settle();
      if (report.kind === 'done') resolve(report);
      else reject(new WorkerError(report.message));
    };
    const onExit = (code: number | null, signal: string | null) => {
      settle();
      ended(code, signal);
    };
    const onError = ({ message }: Error) => {
      settle();
      reject(new WorkerError(`a worker cannot be asked: ${message}`));
    };
    const settle = () => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.off('error', onError);
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.on('error', onError);
    child.send(task);
  });
}
