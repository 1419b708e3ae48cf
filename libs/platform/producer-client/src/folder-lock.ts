/** Keeps a folder to one process, without a lock that outlives a crash: the lock names its process, which can be asked for. */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SpoolInUseError } from './errors';

const ATTEMPTS = 5;
/** Folders locked by this process: its own id in a lock file proves nothing, as process ids come again. */
const ownFolders = new Set<string>();

/** @returns how to release it @throws SpoolInUseError */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock');
  if (ownFolders.has(path)) throw new SpoolInUseError(directory, process.pid);
  ownFolders.add(path);
  try {
    await createLock(directory, path);
  } catch (error) {
    ownFolders.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    ownFolders.delete(path);
  };
}

async function createLock(directory: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === ATTEMPTS) throw error;
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder !== process.pid && holder > 0 && isAlive(holder)) throw new SpoolInUseError(directory, holder);
    await rm(path, { force: true });
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // It is there, but belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
