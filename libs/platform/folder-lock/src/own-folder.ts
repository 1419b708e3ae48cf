import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './make-folder';
import { identify, isAlive } from './process-identity';

/** Process, when it started, and its host; earlier versions left out the last, or both. */
const OWNER = /^-(\d+)-(?:(\d*)-)?(?:([0-9a-f]{8})-)?[^-]+$/;
/** Of the name, which may have hyphens. Containers have one each, that stays the same when one is started again. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** What a process of another host has not touched for so long nobody uses any more. */
const FORGOTTEN_MS = 24 * 3_600_000;

export interface OwnFolderOptions {
  /** Whether processes of other hosts may use `parent` at the same time, whose lives cannot be told from here. */
  readonly isShared?: boolean;
}

/**
 * Makes a folder of this process's own under `parent`, which no other user can look into, and removes those of its name whose processes
 * died without doing so. For one container at a time, unless it is told to be shared: two do not see each other's processes.
 *
 * @param name what the folder's name begins with: `NAME-PROCESS-START-HOST-RANDOM`
 * @returns its path; the caller removes it
 */
export async function makeOwnFolder(
  parent: string,
  name: string,
  { isShared = false }: OwnFolderOptions = {},
): Promise<string> {
  makeFolder(parent);
  for (const found of await readdir(parent)) {
    if (!found.startsWith(name)) continue;
    const [, owner, startedAt = '', host = HOST] = OWNER.exec(found.slice(name.length)) ?? [];
    if (owner === undefined) continue;
    const path = join(parent, found);
    const isInUse =
      isShared && host !== HOST ? await isTouchedLately(path) : isOfLivingProcess(Number(owner), startedAt);
    if (!isInUse) await removeLeft(path);
  }
  const { pid, startedAt } = identify(process.pid);
  return mkdtemp(join(parent, `${name}-${pid}-${startedAt}-${HOST}-`));
}

/** This process's number without its start is of an earlier one, as each container's first is 1: this one has no folder yet. */
function isOfLivingProcess(pid: number, startedAt: string): boolean {
  if (pid === process.pid && startedAt === '') return false;
  return isAlive({ pid, startedAt });
}

/** By what is directly in it, too: files that are written to leave their folder's time alone. */
async function isTouchedLately(path: string): Promise<boolean> {
  // What goes meanwhile was its owner's to remove.
  const names = await readdir(path).catch(() => []);
  const times = await Promise.all(
    [path, ...names.map((file) => join(path, file))].map((each) =>
      stat(each).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times) > Date.now() - FORGOTTEN_MS;
}

/** In a folder for all users, what another one left is theirs to remove. */
async function removeLeft(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
