import { constants } from 'node:fs';
import { copyFile, link } from 'node:fs/promises';

/** Of file systems without a second name for a file (exFAT, many network and bucket mounts), or without room for one more. */
const NO_LINK: ReadonlySet<string | undefined> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/**
 * A second name for the same bytes where the file system can do that, a copy where it cannot. Neither replaces a file; a copy that fails is
 * removed again, but one may be seen while it is made.
 *
 * @throws EEXIST when there is one already
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINK.has((error as NodeJS.ErrnoException).code)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}
