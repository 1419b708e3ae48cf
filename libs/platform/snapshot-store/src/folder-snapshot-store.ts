/**
 * The snapshot store in a folder that local processes, or machines over a network file system, share:
 *
 *   <directory>/<snapshot id>/manifest.json, manifest.sha256, and the files that the manifest lists
 *   <directory>/current/000000000001 …      the pointer, see folder-pointer.ts
 *   <directory>/.incoming-…                 a publication in progress, or what a crash left of one
 *
 * A snapshot is built under a hidden name, files first and the manifest last, and takes its place by one rename. So
 * it is there whole or not at all, and of two publications of one id exactly one succeeds: a folder with content is
 * never replaced by a rename.
 */
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SnapshotManifest } from '@watchnext/contract';
import { linkOrCopy, makeFolder, readdirIfThere, syncPath } from '@watchnext/folder-lock';
import { listFiles } from './digests';
import { errorCode, writeNewFile } from './durable-files';
import { FolderPointer } from './folder-pointer';
import {
  isSnapshotFilePath,
  isSnapshotId,
  MANIFEST_DIGEST_FILE,
  MANIFEST_FILE,
  POINTER_NAME,
  SNAPSHOT_FORMAT_VERSION,
} from './layout';
import { decodeManifest, encodeManifest } from './manifest';
import {
  type FetchOptions,
  type LocalSnapshot,
  SnapshotCorruptError,
  SnapshotExistsError,
  SnapshotFormatError,
  SnapshotNotFoundError,
  type SnapshotStore,
  SnapshotStoreError,
  SnapshotStoreUnavailableError,
} from './port';
import { chosenFiles, verifyFiles } from './verify-files';

const INCOMING_PREFIX = '.incoming-';
/** No publication takes this long; a hidden folder older than this was left by a crash. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** Opens (and creates, on the first write) a snapshot store in a folder. */
export function openFolderSnapshotStore(directory: string): SnapshotStore {
  return new FolderSnapshotStore(directory);
}

class FolderSnapshotStore implements SnapshotStore {
  private readonly pointer: FolderPointer;

  constructor(private readonly directory: string) {
    this.pointer = new FolderPointer(join(directory, POINTER_NAME));
  }

  publish(directory: string, manifest: SnapshotManifest): Promise<void> {
    return this.attempt('publish to', async () => {
      await this.checkPublishable(directory, manifest);
      makeFolder(this.directory);
      await this.removeAbandoned();
      const incoming = join(
        this.directory,
        `${INCOMING_PREFIX}${manifest.snapshotId}-${randomBytes(6).toString('hex')}`,
      );
      try {
        await this.fill(incoming, directory, manifest);
        await rename(incoming, this.folderOf(manifest.snapshotId));
      } catch (error) {
        await rm(incoming, { recursive: true, force: true });
        if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? ''))
          throw new SnapshotExistsError(manifest.snapshotId);
        throw error;
      }
      await syncPath(this.directory);
    });
  }

  list(): Promise<string[]> {
    return this.attempt('list', async () => {
      const ids: string[] = [];
      for (const name of await readdirIfThere(this.directory)) {
        if (isSnapshotId(name) && (await isFile(join(this.directory, name, MANIFEST_FILE)))) ids.push(name);
      }
      return ids.sort().reverse();
    });
  }

  readManifest(snapshotId: string): Promise<SnapshotManifest> {
    return this.attempt('read from', async () => {
      if (!isSnapshotId(snapshotId)) throw new SnapshotNotFoundError(snapshotId);
      const text = await readIfThere(join(this.folderOf(snapshotId), MANIFEST_FILE));
      if (text === undefined) throw new SnapshotNotFoundError(snapshotId);
      const digestLine = await readIfThere(join(this.folderOf(snapshotId), MANIFEST_DIGEST_FILE));
      return decodeManifest(snapshotId, text, digestLine);
    });
  }

  /** The files are local already, so this verifies them where they lie. */
  fetch(snapshotId: string, { only, signal }: FetchOptions = {}): Promise<LocalSnapshot> {
    return this.attempt('fetch from', async () => {
      const manifest = await this.readManifest(snapshotId);
      const directory = this.folderOf(snapshotId);
      await verifyFiles(snapshotId, directory, chosenFiles(manifest.files, only), signal);
      return { snapshotId, directory, manifest, only };
    });
  }

  readPointer(): Promise<string | undefined> {
    return this.attempt('read the pointer of', () => this.pointer.read());
  }

  movePointer(expected: string | undefined, next: string): Promise<void> {
    return this.attempt('move the pointer of', async () => {
      if (!isSnapshotId(next) || !(await isFile(join(this.folderOf(next), MANIFEST_FILE)))) {
        throw new SnapshotNotFoundError(next);
      }
      await this.pointer.move(expected, next);
    });
  }

  async close(): Promise<void> {
    // Nothing is held open between calls.
  }

  private folderOf(snapshotId: string): string {
    return join(this.directory, snapshotId);
  }

  private async checkPublishable(directory: string, manifest: SnapshotManifest): Promise<void> {
    const { snapshotId, formatVersion, files } = manifest;
    if (!isSnapshotId(snapshotId)) {
      throw new SnapshotStoreError(`"${snapshotId}" cannot name a snapshot`, 'invalid-snapshot-id', false);
    }
    if (formatVersion !== SNAPSHOT_FORMAT_VERSION) {
      throw new SnapshotFormatError(snapshotId, formatVersion, SNAPSHOT_FORMAT_VERSION);
    }
    if (await isFile(join(this.folderOf(snapshotId), MANIFEST_FILE))) throw new SnapshotExistsError(snapshotId);
    for (const path of await listFiles(directory)) {
      if (!(path in files)) throw new SnapshotCorruptError(snapshotId, path, 'is not listed in the manifest');
    }
  }

  private async fill(incoming: string, source: string, manifest: SnapshotManifest): Promise<void> {
    const folders = new Set([incoming]);
    await mkdir(incoming);
    for (const path of Object.keys(manifest.files)) {
      if (!isSnapshotFilePath(path)) {
        throw new SnapshotCorruptError(manifest.snapshotId, path, 'not a path within the snapshot');
      }
      const target = join(incoming, path);
      await mkdir(dirname(target), { recursive: true });
      for (let folder = dirname(target); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
      try {
        // A link to elsewhere would make the snapshot depend on what lies there.
        if (!(await lstat(join(source, path))).isFile()) {
          throw new SnapshotCorruptError(manifest.snapshotId, path, 'is not a regular file');
        }
        await linkOrCopy(join(source, path), target);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        throw new SnapshotCorruptError(manifest.snapshotId, path, 'is missing', { cause: error });
      }
      await chmod(target, 0o444);
      await syncPath(target);
    }
    // Verified here and not at the source: this also notices a bad copy.
    await verifyFiles(manifest.snapshotId, incoming, manifest.files);
    const { text, digestLine } = encodeManifest(manifest);
    await writeNewFile(join(incoming, MANIFEST_DIGEST_FILE), digestLine);
    await writeNewFile(join(incoming, MANIFEST_FILE), text);
    for (const folder of folders) await syncPath(folder);
  }

  private async removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.directory)) {
      if (!name.startsWith(INCOMING_PREFIX)) continue;
      const path = join(this.directory, name);
      const details = await stat(path).catch(() => undefined);
      if (details && Date.now() - details.mtimeMs > ABANDONED_AFTER_MS)
        await rm(path, { recursive: true, force: true });
    }
  }

  /** Errors of the port pass; those of the file system become one that says what was tried and where. */
  private async attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SnapshotStoreError || errorCode(error) === undefined) throw error;
      throw new SnapshotStoreUnavailableError(`cannot ${action} snapshot store ${this.directory}`, { cause: error });
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
