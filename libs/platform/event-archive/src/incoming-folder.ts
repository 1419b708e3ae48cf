/** Files on their way into the archive and its checkpoints, under names of their own; what a crash left goes after an hour. */
import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, readdirIfThere } from '@watchnext/folder-lock';

/** In the folder of a topic; who lists files there passes over hidden names. */
export const INCOMING_FOLDER = '.incoming';

/** No file takes this long to write; an incoming one older than this was left by a crash. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Gives `work` a path for a new file, and removes what is there afterwards. */
export async function withIncoming<Result>(
  folder: string,
  partition: number,
  work: (path: string) => Promise<Result>,
): Promise<Result> {
  makeFolder(folder);
  await removeAbandoned(folder);
  const path = join(folder, `p${partition}-${randomBytes(8).toString('hex')}`);
  try {
    return await work(path);
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdirIfThere(folder)) {
    const path = join(folder, name);
    const details = await stat(path).catch(() => undefined);
    if (details && Date.now() - details.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}
