/** Files carried between two places by way of a local one, each compared with its checksum. */
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { matchesName } from '@watchnext/event-archive';
import { makeOwnFolder, sha256Of } from '@watchnext/folder-lock';
import type { FileTree } from './file-tree';
import { type BackedUpFile, BackupError, DamagedFileError } from './manifest';
import { isGone } from './moved-on';

/** @returns a local copy, for the caller to take or remove */
export async function fetchVerified(
  source: FileTree,
  { name, sizeBytes, sha256 }: BackedUpFile,
  work: string,
): Promise<string> {
  const path = join(work, 'file');
  await source.get(name, path).catch((error: Error) => {
    // A store that is down says nothing of the file.
    const Kind = isGone(error) ? DamagedFileError : BackupError;
    throw new Kind(`${name} of ${source.place} cannot be read: ${error.message}`, { cause: error });
  });
  const { size } = await stat(path);
  if (size !== sizeBytes || (await sha256Of(path)) !== sha256)
    throw new DamagedFileError(`${name} of ${source.place} is damaged: its bytes are not those that were backed up`);
  return path;
}

/** Reads a file to see whether it is what was backed up. */
export async function isSound(source: FileTree, file: BackedUpFile, work: string): Promise<boolean> {
  try {
    await rm(await fetchVerified(source, file, work));
    return true;
  } catch (error) {
    if (error instanceof BackupError) return false;
    throw error;
  }
}

/** Copies by way of a local file, and compares what arrived. */
export class Copier {
  readonly counts = { copiedFileCount: 0, copiedBytes: 0 };

  constructor(private readonly work: string) {}

  /** @throws DamagedFileError, and nothing is copied, where the name has another digest */
  async copy(from: FileTree, name: string, to: FileTree, newName: string): Promise<BackedUpFile> {
    const path = join(this.work, 'file');
    await from.get(name, path);
    if ((await matchesName(name, path)) === false)
      throw new DamagedFileError(`${name} of ${from.place} is damaged: its bytes are not those that it was named for`);
    const { size } = await stat(path);
    const file = { name: newName, sizeBytes: size, sha256: await sha256Of(path) };
    await this.place(path, to, newName, file);
    return file;
  }

  /** Takes the local file over. */
  async place(path: string, to: FileTree, name: string, { sizeBytes, sha256 }: BackedUpFile): Promise<void> {
    await to.put(name, path);
    await rm(path);
    const arrived = join(this.work, 'arrived');
    await to.get(name, arrived);
    const sound = (await sha256Of(arrived)) === sha256;
    await rm(arrived);
    if (!sound) throw new BackupError(`${name} did not arrive in ${to.place} as it was sent: is the disk sound?`);
    this.counts.copiedFileCount += 1;
    this.counts.copiedBytes += sizeBytes;
  }
}

/** For local files, gone afterwards: those of a process that was killed, with the next. */
export async function withWorkFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await makeOwnFolder(tmpdir(), 'watchnext-backup');
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
