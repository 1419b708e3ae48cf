import { join } from 'node:path';
import { FolderInUseError, lockFolder } from '@watchnext/folder-lock';

const LOCK_FOLDER = 'lock';

/**
 * Runs one bench at a time in a folder of worlds: a second would write the world that the first prepares or serves from.
 * @param work as given to --work
 * @throws Error naming the process that has the folder
 */
export async function withWorkFolder<Result>(work: string, run: () => Promise<Result>): Promise<Result> {
  const release = await lockFolder(join(work, LOCK_FOLDER)).catch((error: unknown) => {
    if (!(error instanceof FolderInUseError)) throw error;
    throw new Error(
      `--work ${work} is in use by another bench -- serve or soak (process ${error.processId}): wait for its end, or give another folder`,
    );
  });
  return run().finally(release);
}
