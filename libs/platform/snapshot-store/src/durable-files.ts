/** File operations that are on the disk once they return: a rename alone may be undone by a loss of power. */
import { open } from 'node:fs/promises';

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

/** The code of a system error, as "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
