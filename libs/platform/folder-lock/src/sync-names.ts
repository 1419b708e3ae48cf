import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes the names in a folder durable, where that can be done: it may be one to write into and not to read, or lie on a file system that cannot. */
export function syncNames(folder: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(folder, 'r');
    fsyncSync(handle);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
