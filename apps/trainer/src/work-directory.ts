import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, makeFolder } from '@watchnext/folder-lock';

const PREFIX = 'run-';

/** Makes a folder of this run's own under `parent`, and removes those whose runs died without doing so. */
export async function makeWorkDirectory(parent: string): Promise<string> {
  makeFolder(parent);
  for (const name of await readdir(parent)) {
    const owner = /^run-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive({ pid: Number(owner), startedAt: '' }))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}
