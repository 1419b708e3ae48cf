import { closeSync, fsyncSync, openSync } from 'node:fs';
import { syncPath } from './sync-path';

/** Makes the names in a folder durable, where that can be done: it may be one to write into and not to read, or lie on a file system that cannot. */
export function syncNames(folder: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(folder, 'r');
    fsyncSync(handle);
  } catch (error) {
    unlessImpossible(error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** The same, with no event loop that waits for the disk. */
export async function syncNamesBeside(folder: string): Promise<void> {
  await syncPath(folder).catch(unlessImpossible);
}

function unlessImpossible(error: unknown): void {
  if (!['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? ''))
    throw error;
}
