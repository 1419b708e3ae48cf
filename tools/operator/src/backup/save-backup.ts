/** Copies what a place does not have yet, the manifest last. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveGaps } from '@watchnext/event-archive';
import {
  openFolderSnapshotStore,
  SnapshotFormatError,
  SnapshotNotFoundError,
  type SnapshotStore,
  SnapshotStoreError,
} from '@watchnext/snapshot-store';
import { archiveLosses, archiveNames, describeRange } from './archive-losses';
import type { BackupReport, OnFile, SystemFiles } from './backup';
import { EarlierBackup } from './earlier-backup';
import { FileSaver } from './file-saver';
import { type FileTree, FolderTree } from './file-tree';
import { type BackedUpFile, BackupError, type MissingSnapshot, writeManifest } from './manifest';
import { backedUpName, isGone, type Part, partsLeft } from './moved-on';
import { Copier, withWorkFolder } from './verified-copies';

export interface SaveOptions {
  /** Reads what the place has already, and copies anew what is damaged there; default: a file of the right size is trusted. */
  readonly verify?: boolean;
  readonly onFile?: OnFile;
}

/**
 * @throws BackupError before anything is written where the system has neither archive nor snapshots, or the place a
 *   backup that this program cannot read; where the archive ends before the backup's; when a copy does not
 *   come out as it went in; and for a damaged file of the place that is no better in the system
 */
export async function saveBackup(
  system: SystemFiles,
  target: FileTree,
  { verify = false, onFile }: SaveOptions = {},
): Promise<BackupReport> {
  return withWorkFolder(async (work) => {
    const earlier = await EarlierBackup.read(target, work, verify);
    const plan = await planBackup(system, earlier);
    const copier = new Copier(work);
    const saver = new FileSaver(earlier, target, copier, work);
    const { files, faults } = saver;
    files.push(...plan.kept);
    const missingSnapshots: MissingSnapshot[] = [];
    const notes: string[] = [];
    let snapshotCount = plan.keptSnapshotCount;
    let done = 0;
    // A snapshot counts as one file until it is exported and its files are known.
    let total = plan.parts.length + plan.newSnapshotIds.length;
    const save = async (part: Part) => {
      await saver.save(part);
      onFile?.((done += 1), total, backedUpName(part));
    };
    await saveParts(plan.parts, system.archive, save, (change) => (total += change));
    // One at a time: the work folder need not hold more than one snapshot.
    for (const snapshotId of plan.newSnapshotIds) {
      const folder = join(work, 'export');
      const members = await exported(system.snapshots, snapshotId, folder).catch(async (error: unknown) => {
        // A damaged snapshot must not keep the rest from being backed up; a store that is down must.
        if (!(error instanceof SnapshotStoreError) || error.retriable) throw error;
        // The trainer removes old ones, and a change of format leaves old ones behind: nobody has to mend either.
        if (error instanceof SnapshotNotFoundError && !(await system.snapshots.list()).includes(snapshotId))
          return undefined;
        if (error instanceof SnapshotFormatError && snapshotId !== plan.currentSnapshotId) {
          notes.push(`snapshot ${snapshotId} is left out: ${error.message}`);
          return undefined;
        }
        missingSnapshots.push({ snapshotId, reason: error.message });
        return undefined;
      });
      if (members) snapshotCount += 1;
      total += (members?.length ?? 0) - 1;
      for (const member of members ?? []) await save({ ...member, prefix: folderOf(snapshotId) });
      await rm(folder, { recursive: true, force: true });
    }
    faults.push(...(await keepLost(earlier, files, system.archive)));
    await writeManifest(target, { currentSnapshotId: plan.currentSnapshotId, files, missingSnapshots }, work);
    return {
      ...copier.counts,
      fileCount: files.length,
      snapshotCount,
      missingSnapshots,
      faults,
      notes,
    };
  });
}

/**
 * Adds to the files those of the earlier backup whose records the archive has no more.
 * @returns what the archive lacks, by file, and what nothing has any more
 */
async function keepLost(earlier: EarlierBackup, files: BackedUpFile[], archive: FileTree): Promise<string[]> {
  const faults: string[] = [];
  for (const file of archiveLosses(earlier.list(), namesOf(files)).files) {
    if (!(await earlier.has(file))) continue;
    files.push(file);
    faults.push(
      `${file.name} is gone from ${archive.place}, and no other file has its records; the backup keeps its copy: bring it back from there`,
    );
  }
  return [...faults, ...archiveGaps(archiveNames(namesOf(files))).map(describeRange)];
}

const namesOf = (files: Iterable<Pick<BackedUpFile, 'name'>>) => new Set([...files].map(({ name }) => name));

/**
 * Saves one after the other, and goes on where files were merged or let go of since they were listed.
 * @param onChange how many more are to be saved than before
 */
async function saveParts(
  listed: readonly Part[],
  archive: FileTree,
  save: (part: Part) => Promise<void>,
  onChange: (change: number) => void,
): Promise<void> {
  const planned = new Set(listed.map(backedUpName));
  let parts = listed;
  for (let at = 0; at < parts.length;) {
    const part = parts[at];
    try {
      await save(part);
      at += 1;
    } catch (error) {
      if (!isGone(error)) throw error;
      const rest = parts.slice(at);
      const left = partsLeft(rest, part, await part.tree.list(), planned, part.tree === archive);
      if (left === undefined || left.includes(part)) throw error;
      for (const one of left) planned.add(backedUpName(one));
      onChange(left.length - rest.length);
      [parts, at] = [left, 0];
    }
  }
}

const folderOf = (snapshotId: string) => `snapshots/${snapshotId}/`;

/** What there is to back up. @throws BackupError where that is nothing */
async function planBackup(system: SystemFiles, earlier: EarlierBackup) {
  const parts: Part[] = [];
  // Checkpoints first: one made meanwhile covers offsets that an archive listed before it would lack.
  for (const [prefix, tree] of [
    ['checkpoints/', system.checkpoints],
    ['archive/', system.archive],
  ] as const)
    for (const file of await tree.list()) parts.push({ tree, prefix, ...file });
  const currentSnapshotId = await system.snapshots.readPointer();
  const snapshotIds = await system.snapshots.list();
  // A place that is not there looks empty, and a manifest of nothing would take a good one's place.
  if (snapshotIds.length === 0 && !parts.some(({ tree }) => tree === system.archive))
    throw new BackupError(
      `there is nothing to back up: no archive in ${system.archive.place}, and no snapshot beside it; ` +
        'WATCHNEXT_DATA_DIR, or WATCHNEXT_OBJECT_STORE with WATCHNEXT_S3_…, must name a system that has run',
    );
  const { shortened } = archiveLosses(earlier.list(), new Set(parts.map(backedUpName)));
  if (shortened.length > 0)
    throw new BackupError(
      `${shortened.map(describeRange).join('; ')}, which the backup has. Were files lost in ${system.archive.place}, bring them back from it; ` +
        'is this another system than the one that was backed up, save it elsewhere',
    );
  const kept: BackedUpFile[] = [];
  const newSnapshotIds: string[] = [];
  for (const snapshotId of snapshotIds) {
    // Snapshots never change, so one that is there whole is not even fetched.
    const members = await earlier.wholeFolder(folderOf(snapshotId));
    if (members) kept.push(...members);
    else newSnapshotIds.push(snapshotId);
  }
  return {
    parts,
    kept,
    newSnapshotIds,
    currentSnapshotId,
    keptSnapshotCount: snapshotIds.length - newSnapshotIds.length,
  };
}

/** A snapshot's files with its manifest, in the layout of a folder, whichever driver has it. */
async function exported(store: SnapshotStore, snapshotId: string, folder: string) {
  const { directory, manifest } = await store.fetch(snapshotId);
  await openFolderSnapshotStore(folder).publish(directory, manifest);
  const tree = new FolderTree(join(folder, snapshotId));
  return (await tree.list()).map((file) => ({ ...file, tree }));
}
