import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncNames } from './sync-names';

/**
 * Writes a file anew, which is there as it was or as it shall be, whenever somebody reads it: after a `kill -9`, and after a loss of power too. By
 * one process at a time.
 *
 * @throws NodeJS.ErrnoException, as for a full disk; the file is as it was then
 */
export function replaceFile(path: string, contents: string | Uint8Array, { mode }: { mode?: number } = {}): void {
  const incoming = `${path}.new`;
  try {
    // A name may outlast a loss of power that the bytes do not.
    writeFileSync(incoming, contents, { flush: true, mode });
    renameSync(incoming, path);
  } catch (error) {
    rmSync(incoming, { force: true });
    throw error;
  }
  syncNames(dirname(path));
}
