/**
 * Snapshots fetched from elsewhere, as folders on local disk; the ones used longest ago go first. Several processes may
 * share the folder, and need different files of one snapshot: each file appears whole and verified, by a rename, as soon as it has come,
 * so that a fetch which was broken off is gone on with. What a process finds there it verifies again.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileDigest } from '@watchnext/contract';
import { isDiskFailure } from '@watchnext/object-store';
import type { FileDigests } from '../digests';
import { errorCode } from '../durable-files';
import { isSnapshotFilePath, isSnapshotId } from '../layout';
import { SnapshotCorruptError } from '../port';
import { faultOf, verifyFiles } from '../verify-files';

const PARTIAL_PREFIX = '.fetching-';
/** No fetch takes this long; an older partial one was left by a crash. */
const ABANDONED_AFTER_MS = 6 * 3_600_000;
/** So often files are brought that another process has moved away meanwhile. Then whoever loads the snapshot finds them missing. */
const MOST_ROUNDS = 3;

export class SnapshotCache {
  /** By snapshot id, the fetch that ends last: each begins after the one before, and finds what that has brought. */
  private readonly fetching = new Map<string, Promise<unknown>>();

  constructor(
    private readonly directory: string,
    private readonly snapshotCount: number,
  ) {}

  /**
   * The folder of a snapshot, where files that were not there unharmed are downloaded.
   * @param files those that are needed; what else lies in the folder was fetched for others
   * @throws SnapshotCorruptError for a file that differs from its digest as it was downloaded, and is not kept; what
   * the disk says that takes no more, once there is nothing to evict; the signal's reason
   */
  fetch(
    snapshotId: string,
    files: FileDigests,
    download: (path: string, target: string) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<string> {
    const fetchNow = () => this.fetchNow(snapshotId, files, download, signal);
    const fetched = this.fetching.get(snapshotId)?.then(fetchNow, fetchNow) ?? fetchNow();
    this.fetching.set(snapshotId, fetched);
    const settled = () => {
      if (this.fetching.get(snapshotId) === fetched) this.fetching.delete(snapshotId);
    };
    fetched.then(settled, settled);
    return fetched;
  }

  private async fetchNow(
    snapshotId: string,
    files: FileDigests,
    download: (path: string, target: string) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const folder = join(this.directory, snapshotId);
    let missing = await this.missingOf(folder, files, signal);
    for (let round = 0; round < MOST_ROUNDS && Object.keys(missing).length > 0; round++) {
      await this.bringMakingRoom(snapshotId, missing, download, signal);
      // Another process that needed room, or found a harmed file, has moved the folder away while the rest came.
      missing = (await this.sorted(folder, files)).missing;
    }
    await utimes(folder, new Date(), new Date());
    return folder;
  }

  /**
   * Room is made before the download, or a disk that is full would stay so. Where it is full all the same, of others only the
   * one used last stays: it is likely what is served, and what a restart would look for.
   */
  private async bringMakingRoom(
    snapshotId: string,
    files: FileDigests,
    download: (path: string, target: string) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    let keptCount = await this.evictOthers(snapshotId, this.snapshotCount - 1);
    const missing = new Map(Object.entries(files));
    for (;;) {
      try {
        return await this.bring(snapshotId, missing, download, signal);
      } catch (error) {
        if (!isDiskFailure(error) || keptCount < 2) throw error;
      }
      keptCount = await this.evictOthers(snapshotId, keptCount - 1);
    }
  }

  /** @param missing what is there, and right, is removed from it */
  private async bring(
    snapshotId: string,
    missing: Map<string, FileDigest>,
    download: (path: string, target: string) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const folder = join(this.directory, snapshotId);
    const partial = join(this.directory, `${PARTIAL_PREFIX}${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(partial);
      for (const [path, digest] of missing) {
        signal?.throwIfAborted();
        if (!isSnapshotFilePath(path))
          throw new SnapshotCorruptError(snapshotId, path, 'not a path within the snapshot');
        await mkdir(dirname(join(partial, path)), { recursive: true });
        await download(path, join(partial, path));
        await verifyFiles(snapshotId, partial, { [path]: digest }, signal);
        await mkdir(dirname(join(folder, path)), { recursive: true });
        // Where another process was faster, its file is the same.
        await rename(join(partial, path), join(folder, path));
        missing.delete(path);
      }
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  /** Of these files, those that are not in the folder. One that is harmed takes all others with it: whatever did that may have harmed them too. */
  private async missingOf(folder: string, files: FileDigests, signal: AbortSignal | undefined): Promise<FileDigests> {
    const { there, missing } = await this.sorted(folder, files);
    if (!(await faultOf(folder, there, signal))) return missing;
    await this.discard(folder);
    return files;
  }

  private async sorted(folder: string, files: FileDigests): Promise<{ there: FileDigests; missing: FileDigests }> {
    const there: Record<string, FileDigest> = {};
    const missing: Record<string, FileDigest> = {};
    for (const [path, digest] of Object.entries(files)) {
      const isThere = isSnapshotFilePath(path) && (await exists(join(folder, path)));
      (isThere ? there : missing)[path] = digest;
    }
    return { there, missing };
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

  /** @returns how many others are left. What a process holds it has in memory: it misses no copy but at its next start. */
  private async evictOthers(snapshotId: string, keepCount: number): Promise<number> {
    const aged = await Promise.all(
      (await readdir(this.directory)).map(async (name) => {
        // Another process may have evicted it meanwhile.
        const details = await stat(join(this.directory, name)).catch(() => undefined);
        return { name, atMs: details?.mtimeMs ?? 0 };
      }),
    );
    const others = aged.filter(({ name }) => isSnapshotId(name) && name !== snapshotId);
    others.sort((a, b) => b.atMs - a.atMs);
    const abandoned = aged.filter(
      ({ name, atMs }) => name.startsWith(PARTIAL_PREFIX) && Date.now() - atMs > ABANDONED_AFTER_MS,
    );
    for (const { name } of [...others.slice(keepCount), ...abandoned]) await this.discard(join(this.directory, name));
    return Math.min(others.length, keepCount);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    // A file where a folder should be: it is there, and no good.
    if (errorCode(error) === 'ENOTDIR') return true;
    throw error;
  }
}
