import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { syncNames } from './sync-names';

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

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
