import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder that a person named, and those above it, where they are not there. One by one: Node's own
 * `recursive` tries for ever where the system says of a folder that is there that it is not, as Linux does in /proc. Each is there after
 * a loss of power too, or what is made durable in it would be lost with it.
 *
 * @throws NodeJS.ErrnoException where it cannot be made (ENOTDIR, EACCES, ENOENT …), or files cannot be put into it (EACCES, EROFS)
 */
export function makeFolder(path: string): void {
  const folder = resolve(path);
  make(folder);
  accessSync(folder, constants.W_OK | constants.X_OK);
}

function make(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
    if (code !== 'ENOENT' || isThere(dirname(folder))) throw error;
    make(dirname(folder));
    make(folder);
    return;
  }
  syncNames(dirname(folder));
}

/** Of a folder that may be one to write into and not to read, or lie on a file system that cannot do this. */
function syncNames(folder: string): void {
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

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
