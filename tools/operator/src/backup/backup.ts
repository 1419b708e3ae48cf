/**
 * A backup: archive, checkpointed states and snapshots as plain files, in a folder or a bucket.
 *
 *   archive/<topic>/dt=…/….parquet
 *   checkpoints/<topic>/….states.gz
 *   snapshots/<id>/…
 *   backup.json       what there is, with sizes and SHA-256, and which snapshot is current; written last
 *
 * Files of all three never change once written, so a further backup into the same place copies only what is new. What
 * is copied is read back from where it lies now, and compared.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolderSnapshotStore, type SnapshotStore, SnapshotStoreError } from '@watchnext/snapshot-store';
import { type FileTree, FolderTree, sha256Of, type TreeFile } from './file-tree';

export const MANIFEST_NAME = 'backup.json';
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

/** What a backup is made of. */
export interface SystemFiles {
  readonly archive: FileTree;
  readonly checkpoints: FileTree;
  readonly snapshots: SnapshotStore;
}

export interface BackupReport {
  readonly fileCount: number;
  readonly copiedFileCount: number;
  readonly copiedBytes: number;
  readonly snapshotCount: number;
  readonly missingSnapshots: readonly MissingSnapshot[];
}

export type OnFile = (done: number, total: number, name: string) => void;

/** The message says what is wrong where, and what to do. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
  }
}

interface Part extends TreeFile {
  readonly tree: FileTree;
  readonly prefix: string;
}

/** @throws BackupError when a copy does not come out as it went in */
export async function saveBackup(system: SystemFiles, target: FileTree, onFile?: OnFile): Promise<BackupReport> {
  return withWorkFolder(async (work) => {
    const earlier = await readManifest(target, work).catch(() => undefined);
    const known = new Map(earlier?.files.map((file) => [file.name, file]));
    const there = new Map((await target.list()).map((file) => [file.name, file.sizeBytes]));
    const copier = new Copier(work);
    const files: BackedUpFile[] = [];
    const parts: Part[] = [];
    // Checkpoints first: one made meanwhile covers offsets that an archive listed before it would lack.
    for (const [prefix, tree] of [
      ['checkpoints/', system.checkpoints],
      ['archive/', system.archive],
    ] as const)
      for (const file of await tree.list()) parts.push({ tree, prefix, ...file });
    const currentSnapshotId = await system.snapshots.readPointer();
    const snapshotIds = await system.snapshots.list();
    const newSnapshotIds: string[] = [];
    for (const snapshotId of snapshotIds) {
      const prefix = `snapshots/${snapshotId}/`;
      const members = [...known.values()].filter((file) => file.name.startsWith(prefix));
      // Snapshots never change, so one that is there whole is not even fetched.
      if (members.length > 0 && members.every((file) => there.get(file.name) === file.sizeBytes))
        files.push(...members);
      else newSnapshotIds.push(snapshotId);
    }
    const missingSnapshots: MissingSnapshot[] = [];
    let done = 0;
    // A snapshot counts as one file until it is exported and its files are known.
    let total = parts.length + newSnapshotIds.length;
    const save = async ({ tree, prefix, name, sizeBytes }: Part) => {
      const backedUp = prefix + name;
      const before = known.get(backedUp);
      if (before?.sizeBytes === sizeBytes && there.get(backedUp) === sizeBytes) files.push(before);
      else files.push(await copier.copy(tree, name, target, backedUp));
      onFile?.((done += 1), total, backedUp);
    };
    for (const part of parts) await save(part);
    // One at a time: the work folder need not hold more than one snapshot.
    for (const snapshotId of newSnapshotIds) {
      const folder = join(work, 'export');
      const members = await exported(system.snapshots, snapshotId, folder).catch((error: unknown) => {
        // A damaged snapshot must not keep the rest from being backed up; a store that is down must.
        if (!(error instanceof SnapshotStoreError) || error.retriable) throw error;
        missingSnapshots.push({ snapshotId, reason: error.message });
        return [];
      });
      total += members.length - 1;
      for (const member of members) await save({ ...member, prefix: `snapshots/${snapshotId}/` });
      await rm(folder, { recursive: true, force: true });
    }
    const manifest: BackupManifest = {
      formatVersion: FORMAT_VERSION,
      createdAt: new Date().toISOString(),
      currentSnapshotId,
      files,
      missingSnapshots,
    };
    const path = join(work, MANIFEST_NAME);
    await writeFile(path, `${JSON.stringify(manifest, null, 1)}\n`);
    await target.put(MANIFEST_NAME, path);
    return {
      ...copier.counts,
      fileCount: files.length,
      snapshotCount: snapshotIds.length - missingSnapshots.length,
      missingSnapshots,
    };
  });
}

/** A snapshot's files with its manifest, in the layout of a folder, whichever driver has it. */
async function exported(store: SnapshotStore, snapshotId: string, folder: string) {
  const { directory, manifest } = await store.fetch(snapshotId);
  await openFolderSnapshotStore(folder).publish(directory, manifest);
  const tree = new FolderTree(join(folder, snapshotId));
  return (await tree.list()).map((file) => ({ ...file, tree }));
}

export const describeMissing = ({ snapshotId, reason }: MissingSnapshot) =>
  `snapshot ${snapshotId} is not in the backup: ${reason}`;

/** Reads every file of a backup. @returns what is wrong, by file, and which snapshots are missing; empty when all is sound */
export async function verifyBackup(source: FileTree, onFile?: OnFile): Promise<string[]> {
  return withWorkFolder(async (work) => {
    const { files, missingSnapshots = [] } = await readManifest(source, work);
    const faults = missingSnapshots.map(describeMissing);
    for (const [index, file] of files.entries()) {
      await fetchVerified(source, file, work)
        .then((path) => rm(path))
        .catch((error: Error) => faults.push(error.message));
      onFile?.(index + 1, files.length, file.name);
    }
    return faults;
  });
}

/**
 * Brings a backup back. Nothing that is there is written over: of the archive and the checkpoints the place must hold
 * nothing else, and running it again goes on where it was cut off.
 *
 * @throws BackupError for a file that is damaged or missing, or a place that holds something else
 */
export async function restoreBackup(source: FileTree, system: SystemFiles, onFile?: OnFile): Promise<BackupReport> {
  return withWorkFolder(async (work) => {
    const manifest = await readManifest(source, work);
    const copier = new Copier(work);
    const total = manifest.files.length;
    let done = 0;
    for (const [prefix, tree] of [
      ['archive/', system.archive],
      ['checkpoints/', system.checkpoints],
    ] as const) {
      const files = manifest.files.filter(({ name }) => name.startsWith(prefix));
      const there = new Map((await tree.list()).map((file) => [file.name, file.sizeBytes]));
      const wanted = new Map(files.map((file) => [file.name.slice(prefix.length), file.sizeBytes]));
      const foreign = [...there].find(([name, sizeBytes]) => wanted.get(name) !== sizeBytes);
      if (foreign !== undefined)
        throw new BackupError(
          `${tree.place} holds ${foreign[0]}, which is not of this backup: restore into an empty place, or move that away`,
        );
      for (const file of files) {
        const name = file.name.slice(prefix.length);
        if (!there.has(name)) await copier.place(await fetchVerified(source, file, work), tree, name, file);
        onFile?.((done += 1), total, file.name);
      }
    }
    const snapshotCount = await restoreSnapshots(source, manifest, system.snapshots, work, copier, (name) =>
      onFile?.((done += 1), total, name),
    );
    return { ...copier.counts, fileCount: total, snapshotCount, missingSnapshots: manifest.missingSnapshots ?? [] };
  });
}

/** Oldest first, each published whole through the store, which verifies it once more. */
async function restoreSnapshots(
  source: FileTree,
  { files, currentSnapshotId }: BackupManifest,
  store: SnapshotStore,
  work: string,
  copier: Copier,
  onFile: (name: string) => void,
): Promise<number> {
  const bySnapshot = new Map<string, BackedUpFile[]>();
  for (const file of files) {
    const [part, snapshotId] = file.name.split('/');
    if (part === 'snapshots') bySnapshot.set(snapshotId, [...(bySnapshot.get(snapshotId) ?? []), file]);
  }
  const there = new Set(await store.list());
  const folder = join(work, 'snapshots');
  for (const [snapshotId, members] of [...bySnapshot].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const file of members) {
      if (!there.has(snapshotId)) {
        const path = await fetchVerified(source, file, work);
        await copier.place(path, new FolderTree(folder), file.name.slice('snapshots/'.length), file);
      }
      onFile(file.name);
    }
    if (there.has(snapshotId)) continue;
    const { directory, manifest } = await openFolderSnapshotStore(folder).fetch(snapshotId);
    await store.publish(directory, manifest);
    await rm(folder, { recursive: true, force: true });
  }
  const current = await store.readPointer();
  // A current snapshot that is missing leaves the pointer unset, for the operator to choose another.
  if (current === undefined && currentSnapshotId !== undefined && (await store.list()).includes(currentSnapshotId))
    await store.movePointer(undefined, currentSnapshotId);
  return bySnapshot.size;
}

async function readManifest(source: FileTree, work: string): Promise<BackupManifest> {
  const path = join(work, MANIFEST_NAME);
  await source.get(MANIFEST_NAME, path).catch((error: Error) => {
    throw new BackupError(`${source.place} is no backup: it has no ${MANIFEST_NAME} (${error.message})`, {
      cause: error,
    });
  });
  const text = await readFile(path, 'utf8');
  await rm(path);
  let manifest: BackupManifest;
  try {
    manifest = JSON.parse(text) as BackupManifest;
  } catch (error) {
    throw new BackupError(`${MANIFEST_NAME} of ${source.place} is damaged`, { cause: error });
  }
  if (manifest.formatVersion !== FORMAT_VERSION)
    throw new BackupError(
      `${source.place} is a backup of format ${manifest.formatVersion}, this program reads ${FORMAT_VERSION}`,
    );
  return manifest;
}

/** @returns a local copy, for the caller to take or remove */
async function fetchVerified(
  source: FileTree,
  { name, sizeBytes, sha256 }: BackedUpFile,
  work: string,
): Promise<string> {
  const path = join(work, 'file');
  await source.get(name, path).catch((error: Error) => {
    throw new BackupError(`${name} of ${source.place} cannot be read: ${error.message}`, { cause: error });
  });
  const { size } = await stat(path);
  if (size !== sizeBytes || (await sha256Of(path)) !== sha256)
    throw new BackupError(`${name} of ${source.place} is damaged: its bytes are not those that were backed up`);
  return path;
}

/** Copies by way of a local file, and compares what arrived. */
class Copier {
  readonly counts = { copiedFileCount: 0, copiedBytes: 0 };

  constructor(private readonly work: string) {}

  async copy(from: FileTree, name: string, to: FileTree, newName: string): Promise<BackedUpFile> {
    const path = join(this.work, 'file');
    await from.get(name, path);
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

async function withWorkFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'watchnext-backup-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
