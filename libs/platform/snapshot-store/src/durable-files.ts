/** File operations that are on the disk once they return: a rename alone may be undone by a loss of power. */
import { constants } from 'node:fs';
import { copyFile, link, open } from 'node:fs/promises';

/** Writes a new file and syncs it. @throws EEXIST when there is one already */
export async function writeNewFile(path: string, content: string): Promise<void> {
  const handle = await open(path, 'wx', 0o644);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A second name for the same bytes where the file system can do that, a copy where it cannot. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS'].includes(errorCode(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}

/** The code of a system error, as "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
