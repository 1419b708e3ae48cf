/**
 * The port of the snapshot store: immutable folders `<id>/` with a `manifest.json`, and one pointer, `current`.
 * Files are written first, the manifest last, and the pointer moves only from a value that the mover names.
 */
import { join } from 'node:path';
import type { SnapshotManifest } from '@watchnext/contract';
import { PortError } from '@watchnext/errors';

/** Which of the files that a manifest lists are meant. */
export type FileFilter = (file: string) => boolean;

/** A snapshot whose files are on local disk and whose digests were verified. */
export interface LocalSnapshot {
  readonly snapshotId: string;
  readonly directory: string;
  readonly manifest: SnapshotManifest;
  /** What was fetched and verified, where that is not all: see `fileOf`. Others may lie there too, and nobody has looked at them. */
  readonly only?: FileFilter | undefined;
}

export interface FetchOptions {
  /** The files that are needed; default: all. */
  readonly only?: FileFilter | undefined;
  /** Aborted, the fetch ends soon and leaves no file half: another goes on with those that came. */
  readonly signal?: AbortSignal | undefined;
}

export interface SnapshotStore {
  /**
   * Takes over the files of a local folder, which the manifest must list, all of them, with their digests. Complete
   * and durable once resolved; before that, no reader sees anything of it. The files must not be changed afterwards
   * (a driver may share them instead of copying); the folder itself stays the caller's, to remove or keep.
   * @throws SnapshotExistsError; SnapshotCorruptError for a file that is missing, unlisted or differs from its digest;
   * SnapshotFormatError
   */
  publish(directory: string, manifest: SnapshotManifest): Promise<void>;
  /** Ids with a manifest, newest first (ids sort by time). */
  list(): Promise<string[]>;
  /** @throws SnapshotNotFoundError, SnapshotCorruptError (the manifest itself), SnapshotFormatError */
  readManifest(snapshotId: string): Promise<SnapshotManifest>;
  /**
   * Brings a snapshot, or what is needed of it, to local disk and verifies the digest of each of these files.
   * @throws SnapshotNotFoundError, SnapshotCorruptError, SnapshotFormatError, SnapshotDiskError; the signal's reason
   */
  fetch(snapshotId: string, options?: FetchOptions): Promise<LocalSnapshot>;
  /** The current snapshot's id; undefined before the first. */
  readPointer(): Promise<string | undefined>;
  /**
   * Moves the pointer if it is at `expected`; of several movers at once exactly one succeeds.
   * @throws PointerConflictError, SnapshotNotFoundError for `next`
   */
  movePointer(expected: string | undefined, next: string): Promise<void>;
  close(): Promise<void>;
}

export class SnapshotStoreError extends PortError {}

export class SnapshotNotFoundError extends SnapshotStoreError {
  constructor(readonly snapshotId: string) {
    super(`snapshot ${snapshotId} is not in the store`, 'snapshot-not-found', false);
  }
}

export class SnapshotExistsError extends SnapshotStoreError {
  constructor(readonly snapshotId: string) {
    super(`snapshot ${snapshotId} exists already; snapshots never change`, 'snapshot-exists', false);
  }
}

export class SnapshotCorruptError extends SnapshotStoreError {
  constructor(
    readonly snapshotId: string,
    readonly file: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`snapshot ${snapshotId}: ${file}: ${detail}`, 'snapshot-corrupt', false, options);
  }
}

/** A file was asked for that is not among those fetched: whoever fetches names what it needs. */
export class SnapshotFileNotFetchedError extends SnapshotStoreError {
  constructor(
    readonly snapshotId: string,
    readonly file: string,
  ) {
    super(`snapshot ${snapshotId}: ${file} was not fetched`, 'snapshot-file-not-fetched', false);
  }
}

/** Where a file of a fetched snapshot lies. @throws SnapshotFileNotFetchedError */
export function fileOf({ snapshotId, directory, only }: LocalSnapshot, file: string): string {
  if (only && !only(file)) throw new SnapshotFileNotFetchedError(snapshotId, file);
  return join(directory, file);
}

export class SnapshotFormatError extends SnapshotStoreError {
  constructor(
    readonly snapshotId: string,
    readonly formatVersion: number,
    supported: number,
  ) {
    super(
      `snapshot ${snapshotId} has format ${formatVersion}, this program reads ${supported}: run a matching version or retrain`,
      'snapshot-format',
      false,
    );
  }
}

/** Whether it is one snapshot's fault, and not of a store that is down, or refuses. */
export const isOfSnapshot = (error: unknown): error is SnapshotStoreError =>
  [SnapshotCorruptError, SnapshotFormatError, SnapshotNotFoundError].some((kind) => error instanceof kind);

export class PointerConflictError extends SnapshotStoreError {
  constructor(
    readonly expected: string | undefined,
    readonly actual: string | undefined,
  ) {
    super(`the pointer is at ${actual ?? 'none'}, not at ${expected ?? 'none'}`, 'pointer-conflict', true);
  }
}

/** The disk here takes no snapshot: full, or mounted to be read only. Until somebody makes room, no fetch can succeed. */
export class SnapshotDiskError extends SnapshotStoreError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'local-disk', false, options);
  }
}

/** The storage itself failed: unreachable, full, or access denied; the cause says which. */
export class SnapshotStoreUnavailableError extends SnapshotStoreError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'snapshot-store-unavailable', true, options);
  }
}
