import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UNFINISHED_RESTORE } from '@watchnext/object-store';
import { createTestBucket, requireServer } from '@watchnext/testing';
import { BucketTree, type FileTree, FolderTree } from '../src/backup/file-tree';
import { BackupError } from '../src/backup/manifest';
import { restoreBackup, verifyBackup } from '../src/backup/restore-backup';
import { saveBackup } from '../src/backup/save-backup';
import { append, offsetsIn, pathOf, publish, systemIn, target, useOldSystem } from './backup-system';

useOldSystem();

const endpoint = requireServer('an S3 test server', 'WATCHNEXT_S3_ENDPOINT');
const targets: [string, () => Promise<FileTree>][] = [
  ['a folder', async () => new FolderTree(pathOf('backup'))],
  ...(endpoint === undefined
    ? []
    : [
        ['a bucket', async () => new BucketTree(await createTestBucket(endpoint))] as [string, () => Promise<FileTree>],
      ]),
];

describe.each(targets)('a backup in %s', (_, open) => {
  let target: FileTree;
  beforeEach(async () => (target = await open()));
  afterEach(() => target.close());

  it('brings back what was there: archive, checkpoints, snapshots and which one is current', async () => {
    await publish('20261121T000000Z-bbbbbb');
    const saved = await saveBackup(systemIn('old'), target);
    expect(saved).toMatchObject({ snapshotCount: 2, copiedFileCount: saved.fileCount });
    expect(await verifyBackup(target)).toEqual([]);
    await restoreBackup(target, systemIn('new'));
    expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4]);
    const { snapshots, checkpoints } = systemIn('new');
    expect(await snapshots.readPointer()).toBe('20261121T000000Z-bbbbbb');
    expect(await snapshots.list()).toEqual(['20261121T000000Z-bbbbbb', '20261120T000000Z-aaaaaa']);
    const { directory } = await snapshots.fetch('20261120T000000Z-aaaaaa');
    expect(await readFile(join(directory, 'popular.json'), 'utf8')).toBe('of 20261120T000000Z-aaaaaa');
    expect((await checkpoints.list()).map(({ name }) => name)).toEqual(['topic/p0.states.gz']);
  });

  it('brings back the snapshots alone, into a system that makes the rest anew', async () => {
    await saveBackup(systemIn('old'), target);
    const restored = await restoreBackup(target, systemIn('new'), { onlySnapshots: true });
    expect(restored).toMatchObject({ snapshotCount: 1, fileCount: restored.copiedFileCount });
    const { archive, checkpoints, snapshots } = systemIn('new');
    expect([await archive.list(), await checkpoints.list()]).toEqual([[], []]);
    expect(await snapshots.readPointer()).toBe('20261120T000000Z-aaaaaa');
  });

  it('copies only what is new the next time', async () => {
    await saveBackup(systemIn('old'), target);
    expect((await saveBackup(systemIn('old'), target)).copiedFileCount).toBe(0);
    await append(5, 8);
    expect((await saveBackup(systemIn('old'), target)).copiedFileCount).toBe(1);
    await restoreBackup(target, systemIn('new'));
    expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('a backup', () => {
  it('removes what one that was killed left in the temp folder', async () => {
    const left = join(tmpdir(), `watchnext-backup-${2 ** 30}-1-aaaaaa`);
    await mkdir(left, { recursive: true });
    await writeFile(join(left, 'file'), 'of anna');
    await saveBackup(systemIn('old'), target());
    expect(existsSync(left)).toBe(false);
  });

  it('that is damaged says which file, and restores nothing false', async () => {
    await saveBackup(systemIn('old'), target());
    const { name } = (await target().list()).find((file) => file.name.startsWith('archive/'))!;
    await truncate(join(target().place, name), 100);
    expect(await verifyBackup(target())).toEqual([expect.stringContaining(`${name} of`)]);
    await expect(restoreBackup(target(), systemIn('new'))).rejects.toThrow(/is damaged/);
    expect(await offsetsIn('new')).toEqual([]);
  });

  it('marks the place until all is there, and none that it refuses', async () => {
    const isMarked = (name: string) => existsSync(pathOf(name, UNFINISHED_RESTORE));
    await saveBackup(systemIn('old'), target());
    const { name } = (await target().list()).find((file) => file.name.startsWith('archive/'))!;
    const whole = await readFile(join(target().place, name));
    await truncate(join(target().place, name), 1);
    await expect(restoreBackup(target(), systemIn('new'))).rejects.toThrow(/is damaged/);
    expect(isMarked('new')).toBe(true);
    await writeFile(join(target().place, name), whole);
    await restoreBackup(target(), systemIn('new'));
    expect(isMarked('new')).toBe(false);
    await append(5, 8);
    await expect(restoreBackup(target(), systemIn('old'))).rejects.toThrow(/not of this backup/);
    expect(isMarked('old')).toBe(false);
  });

  it('is not restored over something else, and goes on where it was cut off', async () => {
    await saveBackup(systemIn('old'), target());
    await new FolderTree(pathOf('new', 'archive')).put('other.parquet', __filename);
    await expect(restoreBackup(target(), systemIn('new'))).rejects.toThrow(
      /other.parquet, which is not of this backup/,
    );
    const { copiedFileCount } = await restoreBackup(target(), systemIn('third'));
    expect(copiedFileCount).toBeGreaterThan(2);
    expect((await restoreBackup(target(), systemIn('third'))).copiedFileCount).toBe(0);
  });

  it('is not replaced by one of a system that is not there', async () => {
    await saveBackup(systemIn('old'), target());
    const before = await readFile(join(target().place, 'backup.json'), 'utf8');
    const saved = saveBackup(systemIn('nowhere'), target());
    await expect(saved).rejects.toThrow(BackupError);
    await expect(saved).rejects.toThrow(/no archive in .*nowhere.*WATCHNEXT_DATA_DIR.*WATCHNEXT_OBJECT_STORE/);
    expect(await readFile(join(target().place, 'backup.json'), 'utf8')).toBe(before);
  });

  it('is made of a system that has only snapshots yet', async () => {
    await rm(pathOf('old', 'archive'), { recursive: true });
    expect(await saveBackup(systemIn('old'), target())).toMatchObject({ snapshotCount: 1 });
  });

  it.each([
    ['of another format', '{"formatVersion": 2}', /a backup of format 2, this program reads 1/],
    ['damaged', '{"formatVersion', /backup.json of .* is damaged/],
  ])('is not written over one that is %s', async (_, manifest, message) => {
    await saveBackup(systemIn('old'), target());
    await writeFile(join(target().place, 'backup.json'), manifest);
    await append(5, 8);
    const before = await target().list();
    await expect(saveBackup(systemIn('old'), target())).rejects.toThrow(message);
    expect(await readFile(join(target().place, 'backup.json'), 'utf8')).toBe(manifest);
    expect(await target().list()).toEqual(before);
  });

  it('is told from a folder that is none', async () => {
    await expect(restoreBackup(target(), systemIn('new'))).rejects.toThrow(BackupError);
    await expect(verifyBackup(target())).rejects.toThrow(/is no backup: it has no backup.json/);
  });
});
