import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isAlive, makeFolder } from '@watchnext/folder-lock';

/** Process and when it started; earlier versions left the start out. */
const NAME = /^run-(\d+)-(?:(\d*)-)?[^-]+$/;

/**
 * Makes a folder of this run's own under `parent`, and removes those whose runs died without doing so. For one container
 * at a time: two that share a disk do not see each other's processes.
 */
export async function makeWorkDirectory(parent: string): Promise<string> {
  makeFolder(parent);
  for (const name of await readdir(parent)) {
    const [, owner, startedAt = ''] = NAME.exec(name) ?? [];
    if (owner !== undefined && !isOfLivingProcess(Number(owner), startedAt))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  const { pid, startedAt } = identify(process.pid);
  return mkdtemp(join(parent, `run-${pid}-${startedAt}-`));
}

/** This process's number without its start is of an earlier one, as each container's first is 1: this one has no folder yet. */
function isOfLivingProcess(pid: number, startedAt: string): boolean {
  if (pid === process.pid && startedAt === '') return false;
  return isAlive({ pid, startedAt });
}
