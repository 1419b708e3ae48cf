import { onAbort } from './on-abort';

/** For what cannot be told to stop: it goes on, and is not waited for. @throws the signal's reason once it is aborted; what the work throws */
export function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const ignore = onAbort(signal, () => reject(signal.reason as Error));
    // It may fail later, when nobody listens any more.
    work.then(resolve, reject).finally(ignore);
  });
}
