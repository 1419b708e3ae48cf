/** What a program that is interrupted still has to stop and to remove. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopOnSignal } from '@watchnext/local-stack';

export { isInterrupted } from '@watchnext/local-stack';

const running = new Set<() => Promise<void>>();
const folders = new Set<() => Promise<void>>();

let isProgram = false;
let isHeard = false;

/**
 * For programs: Ctrl-C and SIGTERM first stop the servers of every world and system, and remove temporary folders. Until there are any, they end the
 * program at once, as they do by default: a handler would wait for its turn, which long computations give to nobody.
 */
export function stopWorldsOnSignal(): void {
  isProgram = true;
  if (running.size + folders.size > 0) hear();
}

function hear(): void {
  if (!isProgram || isHeard) return;
  isHeard = true;
  stopOnSignal(running, folders);
}

/** Has something else stopped as well on Ctrl-C and SIGTERM. @returns what ends that, once it is stopped */
export function stopToo(stop: () => Promise<void>): () => void {
  running.add(stop);
  hear();
  return () => void running.delete(stop);
}

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * A fresh folder `watchnext-NAME-…`, which Ctrl-C and SIGTERM remove as well, once all that runs is stopped.
 *
 * @param parent default: the system's folder for temporary files
 */
export function temporaryFolder(name: string, parent = tmpdir()): TemporaryFolder {
  const path = mkdtempSync(join(parent, `watchnext-${name}-`));
  const remove = async () => {
    // Programs that were told to end may still write a last file.
    await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    folders.delete(remove);
  };
  folders.add(remove);
  hear();
  return { path, remove };
}
