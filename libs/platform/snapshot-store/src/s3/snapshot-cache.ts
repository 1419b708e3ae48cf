/**
 * Snapshots fetched from elsewhere, as folders on local disk; the ones used longest ago go first. Several processes may
 * share the folder: a snapshot appears whole, by a rename, and what one process finds there it verifies.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileDigest } from '@watchnext/contract';
import { verifyFiles } from '../digests';
import { errorCode } from '../durable-files';
import { isSnapshotFilePath, isSnapshotId } from '../layout';
import { SnapshotCorruptError } from '../port';

const PARTIAL_PREFIX = '.fetching-';
/** No fetch takes this long; an older partial one was left by a crash. */
const ABANDONED_AFTER_MS = 6 * 3_600_000;

export class SnapshotCache {
  /** By snapshot id: callers that want the same one wait for one download. */
  private readonly fetching = new Map<string, Promise<string>>();

  constructor(
    private readonly directory: string,
    private readonly snapshotCount: number,
  ) {}

  /**
   * The folder of a snapshot, downloaded where it is not there whole and unharmed.
   * @throws SnapshotCorruptError when what was downloaded differs from its digest; then nothing is kept
   */
  fetch(
    snapshotId: string,
    files: { [path: string]: FileDigest },
    download: (path: string, target: string) => Promise<void>,
  ): Promise<string> {
    const running = this.fetching.get(snapshotId);
    if (running) return running;
    const fetched = this.fetchNow(snapshotId, files, download).finally(() => this.fetching.delete(snapshotId));
    this.fetching.set(snapshotId, fetched);
    return fetched;
  }

  private async fetchNow(
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
        if (!isSnapshotFilePath(path))
          throw new SnapshotCorruptError(snapshotId, path, 'not a path within the snapshot');
        await mkdir(dirname(join(partial, path)), { recursive: true });
        await download(path, join(partial, path));
      }
      await verifyFiles(snapshotId, partial, files);
      await this.putInPlace(snapshotId, partial, folder, files);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
    await this.evict(snapshotId);
    return folder;
  }

  /** Where another process was faster, its copy stays. */
  private async putInPlace(
    snapshotId: string,
    partial: string,
    folder: string,
    files: { [path: string]: FileDigest },
  ): Promise<void> {
    try {
      await rename(partial, folder);
      return;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    }
    if (await this.isWhole(snapshotId, folder, files)) {
      await rm(partial, { recursive: true, force: true });
      return;
    }
    await this.discard(folder);
    await rename(partial, folder);
  }

  /** By a rename first: nobody sees half of it. */
  private async discard(folder: string): Promise<void> {
    const away = join(this.directory, `${PARTIAL_PREFIX}${randomBytes(6).toString('hex')}`);
    try {
      await rename(folder, away);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw error;
    }
    await rm(away, { recursive: true, force: true });
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
    const aged = await Promise.all(
      (await readdir(this.directory)).map(async (name) => {
        // Another process may have evicted it meanwhile.
        const details = await stat(join(this.directory, name)).catch(() => undefined);
        return { name, atMs: details?.mtimeMs ?? 0 };
      }),
    );
    const snapshots = aged.filter(({ name }) => isSnapshotId(name) && name !== justFetched);
    snapshots.sort((a, b) => b.atMs - a.atMs);
    const abandoned = aged.filter(
      ({ name, atMs }) => name.startsWith(PARTIAL_PREFIX) && Date.now() - atMs > ABANDONED_AFTER_MS,
    );
    for (const { name } of [...snapshots.slice(this.snapshotCount - 1), ...abandoned]) {
      await this.discard(join(this.directory, name));
    }
  }
}
