import { renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncNames } from './sync-names';

/**
 * Writes a file anew, which is there as it was or as it shall be, whenever somebody reads it: after a `kill -9`, and after a loss of power too. By
 * one process at a time.
 *
 * @throws NodeJS.ErrnoException, as for a full disk; the file is as it was then. Where its folder alone cannot be flushed, it is the new one, and
 *   a loss of power may still bring the old one back.
 */
export function replaceFile(path: string, contents: string | Uint8Array, { mode }: { mode?: number } = {}): void {
  const incoming = `${path}.new`;
  // One of a process that was killed amid it keeps the mode that it has.
  removeLeftover(incoming);
  try {
    // A name may outlast a loss of power that the bytes do not.
    writeFileSync(incoming, contents, { flag: 'wx', flush: true, mode });
    renameSync(incoming, path);
  } catch (error) {
    try {
      rmSync(incoming, { force: true });
    } catch {
      // What failed first is what is told.
    }
    throw error;
  }
  syncNames(dirname(path));
}

function removeLeftover(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
