import { Worker } from 'node:worker_threads';

/**
 * What a thread makes of one task: its program posts the result, once; then it is ended, and what it took is freed.
 * @param program path of a compiled program, which finds the task in `workerData`
 * @param what it does, for the error where it ends without a result
 * @param signal aborted, the thread is ended at once
 * @throws what the program throws; the signal's reason
 */
export async function onTaskThread<Result>(
  program: string,
  what: string,
  task: object,
  signal?: AbortSignal,
): Promise<Result> {
  signal?.throwIfAborted();
  const worker = new Worker(program, { workerData: task });
  let stop = (): void => undefined;
  try {
    return await new Promise<Result>((resolve, reject) => {
      stop = () => reject(signal!.reason as Error);
      signal?.addEventListener('abort', stop, { once: true });
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that ${what} ended with ${code}`)));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
