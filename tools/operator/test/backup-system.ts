/** A small system with an archive, a checkpoint and a snapshot, anew for each test, beside which others are restored. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { openFolderSnapshotStore } from '@watchnext/snapshot-store';
import { temporaryDirectory } from '@watchnext/testing';
import { publishSnapshot } from '@watchnext/testing/snapshots';
import { FolderTree } from '../src/backup/file-tree';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;

/** Where the systems lie, and the backup. */
export const pathOf = (...names: string[]) => join(folder.path, ...names);
export const target = () => new FolderTree(pathOf('backup'));

/** For each test a folder, with the system `old` in it. */
export function useOldSystem(): void {
  beforeEach(async () => {
    folder = await temporaryDirectory('backup');
    await append(0, 5);
    await new FolderTree(pathOf('old', 'checkpoints')).put('topic/p0.states.gz', __filename);
    await publish('20261120T000000Z-aaaaaa');
  });
  afterEach(() => folder.remove());
}

export const systemIn = (name: string) => ({
  root: new FolderTree(pathOf(name)),
  archive: new FolderTree(pathOf(name, 'archive')),
  checkpoints: new FolderTree(pathOf(name, 'checkpoints')),
  snapshots: openFolderSnapshotStore(pathOf(name, 'snapshots')),
});

export async function append(from: number, to: number): Promise<void> {
  const archive = openParquetArchive(pathOf('old', 'archive'));
  const records = Array.from({ length: to - from }, (_, index) => ({
    topic: TOPICS.activity,
    partition: 0,
    offset: from + index,
    timestampMs: Date.UTC(2026, 10, 1),
    key: 'anna',
    value: Buffer.from(String(from + index)),
  }));
  await archive.write(TOPICS.activity, 0, records);
  await archive.close();
}

export function publish(snapshotId: string): Promise<void> {
  return publishSnapshot(pathOf('old', 'snapshots'), snapshotId, async (directory) => {
    await writeFile(join(directory, 'popular.json'), `of ${snapshotId}`);
    return {};
  });
}

export async function offsetsIn(name: string): Promise<number[]> {
  const archive = openParquetArchive(pathOf(name, 'archive'));
  const offsets: number[] = [];
  for await (const batch of archive.read(TOPICS.activity, { order: 'offset' }))
    offsets.push(...batch.map(({ offset }) => offset));
  await archive.close();
  return offsets;
}
