/** Reads a backup: to see whether it is sound, or to bring it back. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveGaps } from '@watchnext/event-archive';
import { UNFINISHED_RESTORE } from '@watchnext/object-store';
import {
  isOfSnapshot,
  MANIFEST_FILE,
  openFolderSnapshotStore,
  SNAPSHOT_FORMAT_VERSION,
  type SnapshotStore,
} from '@watchnext/snapshot-store';
import { archiveNames, describeRange } from './archive-losses';
import type { BackupReport, OnFile, SystemFiles } from './backup';
import { type FileTree, FolderTree } from './file-tree';
import {
  type BackedUpFile,
  BackupError,
  type BackupManifest,
  DamagedFileError,
  describeMissing,
  readManifest,
} from './manifest';
import { Copier, fetchVerified, withWorkFolder } from './verified-copies';

const SNAPSHOT_MANIFEST = new RegExp(`^snapshots/([^/]+)/${MANIFEST_FILE}$`);

/**
 * Reads every file of a backup.
 *
 * @param onNote what is no fault: snapshots that are as they were, and that this program cannot restore
 * @returns what is wrong, by file, and which snapshots are missing; empty when all is sound
 */
export async function verifyBackup(
  source: FileTree,
  onFile?: OnFile,
  onNote?: (note: string) => void,
): Promise<string[]> {
  return withWorkFolder(async (work) => {
    const { files, missingSnapshots = [], currentSnapshotId } = await readManifest(source, work);
    const faults = missingSnapshots.map(describeMissing);
    faults.push(...archiveGaps(archiveNames(files.map(({ name }) => name))).map(describeRange));
    for (const [index, file] of files.entries()) {
      await fetchVerified(source, file, work)
        .then(async (path) => {
          const snapshotId = SNAPSHOT_MANIFEST.exec(file.name)?.[1];
          const format = snapshotId === undefined ? SNAPSHOT_FORMAT_VERSION : formatOf(await readFile(path, 'utf8'));
          await rm(path);
          if (format === SNAPSHOT_FORMAT_VERSION) return;
          const text = `snapshot ${snapshotId} has format ${format}, this program restores ${SNAPSHOT_FORMAT_VERSION}`;
          if (snapshotId === currentSnapshotId) faults.push(`${text}, and it is the current one`);
          else onNote?.(text);
        })
        .catch((error: Error) => faults.push(error.message));
      onFile?.(index + 1, files.length, file.name);
    }
    return faults;
  });
}

function formatOf(manifest: string): unknown {
  try {
    return (JSON.parse(manifest) as { formatVersion?: unknown }).formatVersion;
  } catch {
    return 'unknown';
  }
}

export interface RestoreOptions {
  /** Leaves archive and checkpoints: of a system whose log is lost they are made anew, as the log is restored. */
  readonly onlySnapshots?: boolean;
  readonly onFile?: OnFile;
}

/**
 * Brings a backup back. Nothing that is there is written over: of the archive and the checkpoints the place must hold
 * nothing else, and running it again goes on where it was cut off. Until both are there the place is marked. Snapshots
 * follow, and one that cannot be read keeps none of the others back.
 *
 * @throws BackupError for a file of archive or checkpoints that is damaged or missing, or a place that holds something else
 */
export async function restoreBackup(
  source: FileTree,
  system: SystemFiles,
  { onlySnapshots = false, onFile }: RestoreOptions = {},
): Promise<BackupReport> {
  return withWorkFolder(async (work) => {
    const whole = await readManifest(source, work);
    const isWanted = ({ name }: BackedUpFile) => !onlySnapshots || name.startsWith('snapshots/');
    const manifest = { ...whole, files: whole.files.filter(isWanted) };
    const copier = new Copier(work);
    const total = manifest.files.length;
    let done = 0;
    const parts = [
      ['archive/', system.archive],
      ['checkpoints/', system.checkpoints],
    ] as const;
    const todo: { tree: FileTree; name: string; file: BackedUpFile; isThere: boolean }[] = [];
    for (const [prefix, tree] of onlySnapshots ? [] : parts) {
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
        todo.push({ tree, name, file, isThere: there.has(name) });
      }
    }
    // Once nothing is refused any more: a system that holds something else is not to be marked.
    if (!onlySnapshots) await markUnfinished(system.root, source, work);
    for (const { tree, name, file, isThere } of todo) {
      if (!isThere) await copier.place(await fetchVerified(source, file, work), tree, name, file);
      onFile?.((done += 1), total, file.name);
    }
    if (!onlySnapshots) await system.root.remove(UNFINISHED_RESTORE);
    const { snapshotCount, faults } = await restoreSnapshots(source, manifest, system.snapshots, work, copier, (name) =>
      onFile?.((done += 1), total, name),
    );
    return {
      ...copier.counts,
      fileCount: total,
      snapshotCount,
      missingSnapshots: manifest.missingSnapshots ?? [],
      faults,
      notes: [],
    };
  });
}

async function markUnfinished(root: FileTree, source: FileTree, work: string): Promise<void> {
  const path = join(work, UNFINISHED_RESTORE);
  await writeFile(
    path,
    `A backup is being brought back from ${source.place}, or that was cut off: the same command goes on.\n`,
  );
  await root.put(UNFINISHED_RESTORE, path);
  await rm(path);
}

/** The current one first, then the newest; each published whole through the store, which verifies it once more. */
async function restoreSnapshots(
  source: FileTree,
  { files, currentSnapshotId }: BackupManifest,
  store: SnapshotStore,
  work: string,
  copier: Copier,
  onFile: (name: string) => void,
): Promise<{ snapshotCount: number; faults: string[] }> {
  const bySnapshot = new Map<string, BackedUpFile[]>();
  for (const file of files) {
    const [part, snapshotId] = file.name.split('/');
    if (part === 'snapshots') bySnapshot.set(snapshotId, [...(bySnapshot.get(snapshotId) ?? []), file]);
  }
  const rank = (snapshotId: string) => (snapshotId === currentSnapshotId ? `1${snapshotId}` : `0${snapshotId}`);
  const there = new Set(await store.list());
  const folder = join(work, 'snapshots');
  const faults: string[] = [];
  let snapshotCount = 0;
  for (const [snapshotId, members] of [...bySnapshot].sort(([a], [b]) => (rank(a) > rank(b) ? -1 : 1))) {
    try {
      if (!there.has(snapshotId)) await restoreSnapshot(source, snapshotId, members, store, folder, work, copier);
      snapshotCount += 1;
    } catch (error) {
      if (!(error instanceof DamagedFileError || isOfSnapshot(error))) throw error;
      faults.push(`snapshot ${snapshotId} was not restored: ${error.message}`);
    }
    await rm(folder, { recursive: true, force: true });
    for (const file of members) onFile(file.name);
    if (snapshotId === currentSnapshotId) await makeCurrent(store, snapshotId);
  }
  return { snapshotCount, faults };
}

async function restoreSnapshot(
  source: FileTree,
  snapshotId: string,
  members: readonly BackedUpFile[],
  store: SnapshotStore,
  folder: string,
  work: string,
  copier: Copier,
): Promise<void> {
  for (const file of members) {
    const path = await fetchVerified(source, file, work);
    await copier.place(path, new FolderTree(folder), file.name.slice('snapshots/'.length), file);
  }
  const { directory, manifest } = await openFolderSnapshotStore(folder).fetch(snapshotId);
  await store.publish(directory, manifest);
}

/** Where none is. One that is missing leaves the pointer unset, for the operator to choose another. */
async function makeCurrent(store: SnapshotStore, snapshotId: string): Promise<void> {
  if ((await store.readPointer()) === undefined && (await store.list()).includes(snapshotId))
    await store.movePointer(undefined, snapshotId);
}
