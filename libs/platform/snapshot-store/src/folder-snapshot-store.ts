/**
 * The snapshot store in a folder that local processes, or machines over a network file system, share:
 *
 *   <directory>/<snapshot id>/manifest.json, manifest.sha256, and the files that the manifest lists
 *   <directory>/current/000000000001 …      the pointer, see folder-pointer.ts
 *   <directory>/.incoming-…                 a publication in progress, or what a crash left of one
 *   <directory>/.removed-…                  the same of a removal
 *
 * A snapshot is built under a hidden name, files first and the manifest last, and takes its place by one rename. So
 * it is there whole or not at all, and of two publications of one id exactly one succeeds: a folder with content is
 * never replaced by a rename. It leaves its place by one rename too.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SnapshotManifest } from '@watchnext/contract';
import { linkOrCopy, makeFolder, readdirIfThere, syncPath } from '@watchnext/folder-lock';
import { errorCode, writeNewFile } from './durable-files';
import { FolderPointer } from './folder-pointer';
import { isSnapshotFilePath, isSnapshotId, MANIFEST_DIGEST_FILE, MANIFEST_FILE, POINTER_NAME } from './layout';
import { decodeManifest, encodeManifest } from './manifest';
import {
  type FetchOptions,
  type LocalSnapshot,
  SnapshotCorruptError,
  SnapshotExistsError,
  SnapshotNotFoundError,
  type SnapshotStore,
  SnapshotStoreError,
  SnapshotStoreUnavailableError,
} from './port';
import { requirePublishable } from './require-publishable';
import { chosenFiles, verifyFiles } from './verify-files';

const INCOMING_PREFIX = '.incoming-';
const REMOVED_PREFIX = '.removed-';
/** No publication and no removal takes this long; a hidden folder older than this was left by a crash. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** Opens (and creates, on the first write) a snapshot store in a folder. */
export function openFolderSnapshotStore(directory: string): FolderSnapshotStore {
  return new FolderSnapshotStore(directory);
}

export class FolderSnapshotStore implements SnapshotStore {
  private readonly pointer: FolderPointer;

  constructor(private readonly directory: string) {
    this.pointer = new FolderPointer(join(directory, POINTER_NAME));
  }

  publish(directory: string, manifest: SnapshotManifest): Promise<void> {
    return this.attempt('publish to', async () => {
      await requirePublishable(directory, manifest, (id) => this.isThere(id));
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
        if (isSnapshotId(name) && (await this.isThere(name))) ids.push(name);
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
      try {
        await verifyFiles(snapshotId, directory, chosenFiles(manifest.files, only), signal);
      } catch (error) {
        // Removed meanwhile, it is not damaged.
        if (error instanceof SnapshotCorruptError && !(await this.isThere(snapshotId)))
          throw new SnapshotNotFoundError(snapshotId);
        throw error;
      }
      return { snapshotId, directory, manifest, only };
    });
  }

  readPointer(): Promise<string | undefined> {
    return this.attempt('read the pointer of', () => this.pointer.read());
  }

  movePointer(expected: string | undefined, next: string): Promise<void> {
    return this.attempt('move the pointer of', async () => {
      if (!isSnapshotId(next) || !(await this.isThere(next))) throw new SnapshotNotFoundError(next);
      await this.pointer.move(expected, next);
      // A remover looks at the pointer after it has renamed, a mover for the snapshot after it has moved: one sees the other.
      if (await this.isThere(next)) return;
      if (expected !== undefined) await this.pointer.move(next, expected);
      throw new SnapshotNotFoundError(next);
    });
  }

  /** The ids that the pointer named at that time, or since. */
  namedSince(sinceMs: number): Promise<Set<string>> {
    return this.attempt('read the pointer of', () => this.pointer.namedSince(sinceMs));
  }

  /** When a snapshot took its place; undefined where there is none. */
  publishedAtMs(snapshotId: string): Promise<number | undefined> {
    return this.attempt('read from', async () => {
      const details = await statIfThere(this.folderOf(snapshotId));
      return details?.mtimeMs;
    });
  }

  /**
   * Takes a snapshot out: it is there whole, or not at all. What a reader has open it can read to the end.
   *
   * @returns false where there was none, or it is current
   */
  remove(snapshotId: string): Promise<boolean> {
    return this.attempt('remove from', async () => {
      if (!isSnapshotId(snapshotId) || (await this.pointer.read()) === snapshotId) return false;
      const folder = this.folderOf(snapshotId);
      const away = join(this.directory, `${REMOVED_PREFIX}${snapshotId}-${randomBytes(6).toString('hex')}`);
      try {
        await rename(folder, away);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return false;
        throw error;
      }
      if ((await this.pointer.read()) === snapshotId) {
        await rename(away, folder);
        return false;
      }
      await syncPath(this.directory);
      await rm(away, { recursive: true, force: true });
      return true;
    });
  }

  async close(): Promise<void> {
    // Nothing is held open between calls.
  }

  private folderOf(snapshotId: string): string {
    return join(this.directory, snapshotId);
  }

  private async isThere(snapshotId: string): Promise<boolean> {
    return (await statIfThere(join(this.folderOf(snapshotId), MANIFEST_FILE)))?.isFile() ?? false;
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
      const isRemoved = name.startsWith(REMOVED_PREFIX);
      if (!isRemoved && !name.startsWith(INCOMING_PREFIX)) continue;
      const path = join(this.directory, name);
      const details = await stat(path).catch(() => undefined);
      // A rename leaves the time of the last change within.
      const atMs = isRemoved ? details?.ctimeMs : details?.mtimeMs;
      if (atMs !== undefined && Date.now() - atMs > ABANDONED_AFTER_MS)
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

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
