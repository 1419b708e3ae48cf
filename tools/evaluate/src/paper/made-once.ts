/** Archives that a run makes of raw data, for the next runs too. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeOwnFolder } from '@watchnext/folder-lock';
import { dataCodeKey } from './code-key';

/**
 * Under another name until it is whole, so that a run that was stopped leaves nothing half made; made anew where other code
 * had made it, or of other files.
 */
export async function madeOnce(
  folder: string,
  fingerprint: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const archive = join(folder, 'archive');
  const madeBy = join(folder, 'made-by');
  const maker = `${dataCodeKey()} ${fingerprint}`;
  const isMade = () => existsSync(madeBy) && readFileSync(madeBy, 'utf8') === maker;
  if (isMade()) return archive;
  // Of this process alone: another run on the same work folder may be making the same.
  const own = await makeOwnFolder(dirname(folder), `${basename(folder)}.unfinished`);
  try {
    // In a folder that others than this user may read.
    const made = join(own, 'made');
    await mkdir(made);
    await make(made);
    await writeFile(join(made, 'made-by'), maker);
    await putInPlace(made, folder, isMade);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return archive;
}

/** In the place of what is of other code or files; not of what another run has made meanwhile, which may be read by now. */
async function putInPlace(made: string, folder: string, isMade: () => boolean): Promise<void> {
  while (!isMade()) {
    try {
      return await rename(made, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
      if (!isMade()) await rm(folder, { recursive: true, force: true });
    }
  }
}
