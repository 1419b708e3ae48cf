/** backup.json: what a backup holds, and what it lacks. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BACKUP_MANIFEST } from '@watchnext/object-store';
import type { FileTree } from './file-tree';

const FORMAT_VERSION = 1;

export interface BackedUpFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A snapshot that the store lists but could not give out whole. */
export interface MissingSnapshot {
  readonly snapshotId: string;
  readonly reason: string;
}

export interface BackupManifest {
  readonly formatVersion: number;
  readonly createdAt: string;
  readonly currentSnapshotId: string | undefined;
  readonly files: readonly BackedUpFile[];
  /** Absent in backups of earlier versions, which failed instead. */
  readonly missingSnapshots?: readonly MissingSnapshot[];
}

/** The message says what is wrong where, and what to do. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
  }
}

/** One file's bytes are not those that were written, or it is not there: the fault of no other file. */
export class DamagedFileError extends BackupError {}

export const describeMissing = ({ snapshotId, reason }: MissingSnapshot) =>
  `snapshot ${snapshotId} is not in the backup: ${reason}`;

/** @throws BackupError where there is none, or one that this program cannot read */
export async function readManifest(source: FileTree, work: string): Promise<BackupManifest> {
  const path = join(work, BACKUP_MANIFEST);
  await source.get(BACKUP_MANIFEST, path).catch((error: Error) => {
    throw new BackupError(`${source.place} is no backup: it has no ${BACKUP_MANIFEST} (${error.message})`, {
      cause: error,
    });
  });
  const text = await readFile(path, 'utf8');
  await rm(path);
  let manifest: BackupManifest;
  try {
    manifest = JSON.parse(text) as BackupManifest;
  } catch (error) {
    throw new BackupError(`${BACKUP_MANIFEST} of ${source.place} is damaged`, { cause: error });
  }
  if (manifest.formatVersion !== FORMAT_VERSION)
    throw new BackupError(
      `${source.place} is a backup of format ${manifest.formatVersion}, this program reads ${FORMAT_VERSION}`,
    );
  return manifest;
}

/** Writes it into the place of the backup. */
export async function writeManifest(
  target: FileTree,
  content: Omit<BackupManifest, 'formatVersion' | 'createdAt'>,
  work: string,
): Promise<void> {
  const manifest: BackupManifest = { formatVersion: FORMAT_VERSION, createdAt: new Date().toISOString(), ...content };
  const path = join(work, BACKUP_MANIFEST);
  await writeFile(path, `${JSON.stringify(manifest, null, 1)}\n`);
  await target.put(BACKUP_MANIFEST, path);
}
