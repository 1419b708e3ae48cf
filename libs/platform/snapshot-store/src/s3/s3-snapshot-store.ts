/**
 * The snapshot store in S3-compatible object storage:
 *
 *   <prefix><snapshot id>/files/<sha256>/<path>   each file under its digest
 *   <prefix><snapshot id>/manifest.json           its own digest in its metadata, so that both change together
 *   <prefix>current                               the pointer: one small object, moved by a conditional write
 *
 * The manifest is written last and only if there is none. Two publications of one id cannot mix: their files have
 * different keys unless they are the same bytes.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotManifest } from '@watchnext/contract';
import {
  isDiskFailure,
  ObjectConflictError,
  ObjectNotFoundError,
  ObjectStore,
  ObjectStoreError,
  type ObjectStoreSettings,
  type ReadObject,
} from '@watchnext/object-store';
import { digestText } from '../digests';
import { errorCode } from '../durable-files';
import { isSnapshotFilePath, isSnapshotId, MANIFEST_FILE, POINTER_NAME } from '../layout';
import { decodeManifest, encodeManifest } from '../manifest';
import {
  type FetchOptions,
  type LocalSnapshot,
  PointerConflictError,
  SnapshotCorruptError,
  SnapshotDiskError,
  SnapshotExistsError,
  SnapshotNotFoundError,
  type SnapshotStore,
  SnapshotStoreError,
  SnapshotStoreUnavailableError,
} from '../port';
import { requirePublishable } from '../require-publishable';
import { chosenFiles, verifyFiles } from '../verify-files';
import { SnapshotCache } from './snapshot-cache';

export interface S3SnapshotStoreOptions {
  /** Folder for fetched snapshots; processes of one machine may share it. */
  readonly cacheDirectory: string;
  /** Fetched snapshots kept on disk; default 5. */
  readonly cachedSnapshotCount?: number;
}

/** Metadata key of the manifest's own digest. */
const DIGEST_NOTE = 'sha256';
const DEFAULT_CACHED_SNAPSHOTS = 5;

export function openS3SnapshotStore(settings: ObjectStoreSettings, options: S3SnapshotStoreOptions): SnapshotStore {
  const { cacheDirectory, cachedSnapshotCount = DEFAULT_CACHED_SNAPSHOTS } = options;
  return new S3SnapshotStore(new ObjectStore(settings), new SnapshotCache(cacheDirectory, cachedSnapshotCount));
}

class S3SnapshotStore implements SnapshotStore {
  constructor(
    private readonly objects: ObjectStore,
    private readonly cache: SnapshotCache,
  ) {}

  publish(directory: string, manifest: SnapshotManifest): Promise<void> {
    return attempt('publish a snapshot', async () => {
      const { snapshotId, files } = manifest;
      await this.checkPublishable(directory, manifest);
      for (const path of Object.keys(files)) {
        const key = fileKey(manifest, path);
        // One that is there is whole, and has this digest: an earlier try brought it.
        if (!(await this.objects.exists(key))) await this.objects.upload(key, join(directory, path));
      }
      const { text } = encodeManifest(manifest);
      try {
        await this.objects.write(
          manifestKey(snapshotId),
          text,
          { ifAbsent: true },
          { [DIGEST_NOTE]: digestText(text) },
        );
      } catch (error) {
        if (error instanceof ObjectConflictError) throw new SnapshotExistsError(snapshotId);
        throw error;
      }
    });
  }

  list(): Promise<string[]> {
    return attempt('list the snapshots', async () => {
      const ids = (await this.objects.listFolders('')).filter(isSnapshotId);
      const whole = await Promise.all(
        ids.map(async (id) => ((await this.objects.exists(manifestKey(id))) ? [id] : [])),
      );
      return whole.flat().sort().reverse();
    });
  }

  readManifest(snapshotId: string): Promise<SnapshotManifest> {
    return attempt('read a manifest', async () => {
      const stored = isSnapshotId(snapshotId) ? await this.readIfThere(manifestKey(snapshotId)) : undefined;
      if (!stored) throw new SnapshotNotFoundError(snapshotId);
      const digest = stored.notes[DIGEST_NOTE];
      const digestLine = digest === undefined ? undefined : `${digest}  ${MANIFEST_FILE}\n`;
      return decodeManifest(snapshotId, stored.bytes.toString('utf8'), digestLine);
    });
  }

  fetch(snapshotId: string, { only, signal }: FetchOptions = {}): Promise<LocalSnapshot> {
    return attempt('fetch a snapshot', async () => {
      const manifest = await this.readManifest(snapshotId);
      const download = async (path: string, target: string) => {
        try {
          await this.objects.download(fileKey(manifest, path), target, signal);
        } catch (error) {
          if (!(error instanceof ObjectNotFoundError)) throw error;
          throw new SnapshotCorruptError(snapshotId, path, 'is missing', { cause: error });
        }
      };
      const directory = await this.cache.fetch(snapshotId, chosenFiles(manifest.files, only), download, signal);
      return { snapshotId, directory, manifest, only };
    });
  }

  readPointer(): Promise<string | undefined> {
    return attempt('read the pointer', async () => (await this.readPointerObject()).value);
  }

  movePointer(expected: string | undefined, next: string): Promise<void> {
    return attempt('move the pointer', async () => {
      if (!isSnapshotId(next) || !(await this.objects.exists(manifestKey(next)))) throw new SnapshotNotFoundError(next);
      const { value, version } = await this.readPointerObject();
      if (value !== expected) throw new PointerConflictError(expected, value);
      try {
        await this.objects.write(
          POINTER_NAME,
          `${next}\n`,
          version === undefined ? { ifAbsent: true } : { ifVersion: version },
        );
      } catch (error) {
        if (!(error instanceof ObjectConflictError)) throw error;
        throw new PointerConflictError(expected, (await this.readPointerObject()).value);
      }
    });
  }

  async close(): Promise<void> {
    this.objects.close();
  }

  private async checkPublishable(directory: string, manifest: SnapshotManifest): Promise<void> {
    const { snapshotId, files } = manifest;
    await requirePublishable(directory, manifest, (id) => this.objects.exists(manifestKey(id)));
    await verifyFiles(snapshotId, directory, files);
    for (const path of Object.keys(files)) {
      if (!(await stat(join(directory, path))).isFile())
        throw new SnapshotCorruptError(snapshotId, path, 'is not a regular file');
    }
  }

  private async readPointerObject(): Promise<{ value: string | undefined; version: string | undefined }> {
    const stored = await this.readIfThere(POINTER_NAME);
    if (!stored) return { value: undefined, version: undefined };
    const value = stored.bytes.toString('utf8').trimEnd();
    if (isSnapshotId(value)) return { value, version: stored.version };
    throw new SnapshotStoreError(
      'the pointer holds no snapshot id: write the id of a good snapshot into it',
      'pointer-corrupt',
      false,
    );
  }

  private async readIfThere(key: string): Promise<ReadObject | undefined> {
    try {
      return await this.objects.read(key);
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return undefined;
      throw error;
    }
  }
}

const manifestKey = (snapshotId: string) => `${snapshotId}/${MANIFEST_FILE}`;

function fileKey({ snapshotId, files }: SnapshotManifest, path: string): string {
  if (!isSnapshotFilePath(path)) throw new SnapshotCorruptError(snapshotId, path, 'not a path within the snapshot');
  return `${snapshotId}/files/${files[path]?.sha256}/${path}`;
}

/** Errors of the port pass; those of the storage and of the local disk become one that says what was tried. */
async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SnapshotStoreError) throw error;
    if (isDiskFailure(error))
      throw new SnapshotDiskError(`cannot ${what}: ${(error as Error).message}`, { cause: error });
    if (error instanceof ObjectStoreError && !error.retriable) {
      throw new SnapshotStoreError(`cannot ${what}: ${error.message}`, error.code, false, { cause: error });
    }
    if (error instanceof ObjectStoreError || errorCode(error) !== undefined) {
      throw new SnapshotStoreUnavailableError(`cannot ${what}: ${(error as Error).message}`, { cause: error });
    }
    throw error;
  }
}
