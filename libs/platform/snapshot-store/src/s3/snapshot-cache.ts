/** Snapshots fetched from elsewhere, as folders on local disk; the ones fetched longest ago go first. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileDigest } from '@watchnext/contract';
import { verifyFiles } from '../digests';
import { errorCode } from '../durable-files';
import { isSnapshotFilePath, isSnapshotId } from '../layout';
import { SnapshotCorruptError } from '../port';

const PARTIAL_PREFIX = '.fetching-';

export class SnapshotCache {
  constructor(
    private readonly directory: string,
    private readonly snapshotCount: number,
  ) {}

  /**
   * The folder of a snapshot, downloaded where it is not there whole and unharmed.
   * @throws SnapshotCorruptError when what was downloaded differs from its digest; then nothing is kept
   */
  async fetch(
    snapshotId: string,
    files: { [path: string]: FileDigest },
    download: (path: string, target: string) => Promise<void>,
  ): Promise<string> {
    const folder = join(this.directory, snapshotId);
    if (await this.isWhole(snapshotId, folder, files)) {
      await utimes(folder, new Date(), new Date());
      return folder;
    }
    await mkdir(this.directory, { recursive: true });
    const partial = join(this.directory, `${PARTIAL_PREFIX}${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(partial);
      for (const path of Object.keys(files)) {
        if (!isSnapshotFilePath(path)) throw new SnapshotCorruptError(snapshotId, path, 'not a path within the snapshot');
        await mkdir(dirname(join(partial, path)), { recursive: true });
        await download(path, join(partial, path));
      }
      await verifyFiles(snapshotId, partial, files);
      await rm(folder, { recursive: true, force: true });
      await rename(partial, folder);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
    await this.evict(snapshotId);
    return folder;
  }

  private async isWhole(snapshotId: string, folder: string, files: { [path: string]: FileDigest }): Promise<boolean> {
    try {
      await stat(folder);
      await verifyFiles(snapshotId, folder, files);
      return true;
    } catch (error) {
      if (error instanceof SnapshotCorruptError || errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  private async evict(justFetched: string): Promise<void> {
    const names = (await readdir(this.directory)).filter((name) => isSnapshotId(name) && name !== justFetched);
    const aged = await Promise.all(names.map(async (name) => ({ name, atMs: (await stat(join(this.directory, name))).mtimeMs })));
    aged.sort((a, b) => b.atMs - a.atMs);
    for (const { name } of aged.slice(this.snapshotCount - 1)) await rm(join(this.directory, name), { recursive: true, force: true });
  }
}
