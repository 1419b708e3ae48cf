import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder';
import { identify, isAlive } from './process-identity';

/** Process and when it started; earlier versions left the start out. */
const OWNER = /^-(\d+)-(?:(\d*)-)?[^-]+$/;

/**
 * Makes a folder of this process's own under `parent`, which no other user can look into, and removes those of its name whose processes
 * died without doing so. For one container at a time: two that share a disk do not see each other's processes.
 *
 * @param name what the folder's name begins with: `NAME-PROCESS-START-RANDOM`
 * @returns its path; the caller removes it
 */
export async function makeOwnFolder(parent: string, name: string): Promise<string> {
  makeFolder(parent);
  for (const found of await readdir(parent)) {
    if (!found.startsWith(name)) continue;
    const [, owner, startedAt = ''] = OWNER.exec(found.slice(name.length)) ?? [];
    if (owner !== undefined && !isOfLivingProcess(Number(owner), startedAt)) await removeLeft(join(parent, found));
  }
  const { pid, startedAt } = identify(process.pid);
  return mkdtemp(join(parent, `${name}-${pid}-${startedAt}-`));
}

/** This process's number without its start is of an earlier one, as each container's first is 1: this one has no folder yet. */
function isOfLivingProcess(pid: number, startedAt: string): boolean {
  if (pid === process.pid && startedAt === '') return false;
  return isAlive({ pid, startedAt });
}

/** In a folder for all users, what another one left is theirs to remove. */
async function removeLeft(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
