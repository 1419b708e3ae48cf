import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Collects the calling thread's garbage now. A collector comes when a heap has grown, and the heap of a thread that works on
 * shared and native memory hardly does: what it let go of, hundreds of megabytes of a snapshot, would stay for hours.
 * Takes milliseconds where the heap is small; not for threads whose heap is large.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
