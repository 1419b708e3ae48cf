import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UNFINISHED_RESTORE } from '@watchnext/object-store';
import { sha256Of } from '@watchnext/folder-lock';
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { openFolderSnapshotStore, SNAPSHOT_FORMAT_VERSION } from '@watchnext/snapshot-store';
import { createTestBucket, requireServer, temporaryDirectory } from '@watchnext/testing';
import { publishSnapshot } from '@watchnext/testing/snapshots';
import { BucketTree, type FileTree, FolderTree } from '../src/backup/file-tree';
import { BackupError } from '../src/backup/manifest';
import { restoreBackup, verifyBackup } from '../src/backup/restore-backup';
import { saveBackup } from '../src/backup/save-backup';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  folder = await temporaryDirectory('backup');
  await append(0, 5);
  await new FolderTree(join(folder.path, 'old', 'checkpoints')).put('topic/p0.states.gz', __filename);
  await publish('20261120T000000Z-aaaaaa');
});
afterEach(() => folder.remove());

const systemIn = (name: string) => ({
  root: new FolderTree(join(folder.path, name)),
  archive: new FolderTree(join(folder.path, name, 'archive')),
  checkpoints: new FolderTree(join(folder.path, name, 'checkpoints')),
  snapshots: openFolderSnapshotStore(join(folder.path, name, 'snapshots')),
});

async function append(from: number, to: number): Promise<void> {
  const archive = openParquetArchive(join(folder.path, 'old', 'archive'));
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

function publish(snapshotId: string): Promise<void> {
  return publishSnapshot(join(folder.path, 'old', 'snapshots'), snapshotId, async (directory) => {
    await writeFile(join(directory, 'popular.json'), `of ${snapshotId}`);
    return {};
  });
}

/** In place of the one whose name says nothing of its bytes. */
async function useNamedCheckpoint(): Promise<void> {
  const { checkpoints } = systemIn('old');
  await checkpoints.remove('topic/p0.states.gz');
  await checkpoints.put(`topic/p00000-${'4'.padStart(16, '0')}-${await sha256Of(__filename)}.states.gz`, __filename);
}

async function offsetsIn(name: string): Promise<number[]> {
  const archive = openParquetArchive(join(folder.path, name, 'archive'));
  const offsets: number[] = [];
  for await (const batch of archive.read(TOPICS.activity, { order: 'offset' }))
    offsets.push(...batch.map(({ offset }) => offset));
  await archive.close();
  return offsets;
}

const endpoint = requireServer('an S3 test server', 'WATCHNEXT_S3_ENDPOINT');
const targets: [string, () => Promise<FileTree>][] = [
  ['a folder', async () => new FolderTree(join(folder.path, 'backup'))],
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
  const target = () => new FolderTree(join(folder.path, 'backup'));

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

  describe('of an archive that was damaged since', () => {
    const paths = async () => {
      const { archive } = systemIn('old');
      return (await archive.list()).map(({ name }) => ({ name, path: join(archive.place, name) }));
    };
    const range = (name: string) => name.split('-').slice(3, 5).map(Number);

    it.each(['archive', 'checkpoints'])('keeps its copy of a file that was cut in %s, and names it', async (part) => {
      await useNamedCheckpoint();
      await saveBackup(systemIn('old'), target());
      const { [part as 'archive' | 'checkpoints']: tree } = systemIn('old');
      const [{ name, sizeBytes }] = await tree.list();
      await truncate(join(tree.place, name), sizeBytes - 1);
      const faults = [expect.stringMatching(`${name} of .*old.* is damaged.*; the backup keeps its earlier copy`)];
      expect(await saveBackup(systemIn('old'), target())).toMatchObject({ copiedFileCount: 0, faults });
      expect(await verifyBackup(target())).toEqual([]);
      await restoreBackup(target(), systemIn('new'));
      expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4]);
    });

    it('takes a sound file for a damaged copy of it, as earlier versions made them', async () => {
      const { archive } = systemIn('old');
      await saveBackup(systemIn('old'), target());
      const [{ name, sizeBytes }] = await archive.list();
      const manifestPath = join(target().place, 'backup.json');
      await truncate(join(target().place, 'archive', name), 100);
      const manifest = await readFile(manifestPath, 'utf8');
      await writeFile(manifestPath, manifest.replace(`"sizeBytes": ${sizeBytes}`, '"sizeBytes": 100'));
      expect(await saveBackup(systemIn('old'), target())).toMatchObject({ copiedFileCount: 1, faults: [] });
      expect(await verifyBackup(target())).toEqual([]);
    });

    it('has no file whose bytes are not those of its name', async () => {
      const [{ name, path }] = await paths();
      await writeFile(path, Buffer.alloc(100));
      const faults = [expect.stringMatching(`${name} of .*old.* is damaged.*; it is not in the backup`)];
      expect(await saveBackup(systemIn('old'), target())).toMatchObject({ faults });
      expect((await target().list()).filter((file) => file.name.endsWith(name))).toEqual([]);
    });

    it('keeps a file that was lost between others or before them, each time, and names it', async () => {
      await append(5, 8);
      await append(8, 9);
      await saveBackup(systemIn('old'), target());
      const lost = (await paths()).filter(({ name }) => range(name)[0]! < 8);
      for (const { path } of lost) await rm(path);
      const faults = lost.map(({ name }) => expect.stringContaining(`archive/${name} is gone from`));
      expect(await saveBackup(systemIn('old'), target())).toMatchObject({ faults });
      expect(await saveBackup(systemIn('old'), target(), { verify: true })).toMatchObject({ faults });
      await restoreBackup(target(), systemIn('new'));
      expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    });

    it('names a gap that no backup has the records of, and verifies as one with it', async () => {
      await append(5, 8);
      await append(8, 9);
      await rm((await paths()).find(({ name }) => range(name)[0] === 5)!.path);
      const gap = `the archive of ${TOPICS.activity}, partition 0, lacks offsets 5 to 7`;
      expect(await saveBackup(systemIn('old'), target())).toMatchObject({ faults: [gap] });
      expect(await verifyBackup(target())).toEqual([gap]);
    });

    it('is left as it was by one that ends earlier: it may be of another system', async () => {
      await append(5, 8);
      await saveBackup(systemIn('old'), target());
      const before = await readFile(join(target().place, 'backup.json'), 'utf8');
      await rm((await paths()).find(({ name }) => range(name)[0] === 5)!.path);
      await expect(saveBackup(systemIn('old'), target())).rejects.toThrow(/lacks offsets 5 to 7, which the backup has/);
      expect(await readFile(join(target().place, 'backup.json'), 'utf8')).toBe(before);
    });

    it('asks for no file whose records another one has', async () => {
      await append(5, 8);
      await saveBackup(systemIn('old'), target());
      for (const { path } of await paths()) await rm(path);
      await append(0, 8);
      expect(await saveBackup(systemIn('old'), target())).toMatchObject({ copiedFileCount: 1, faults: [] });
    });
  });

  it('marks the place until all is there, and none that it refuses', async () => {
    const isMarked = (name: string) => existsSync(join(folder.path, name, UNFINISHED_RESTORE));
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

  it.each(['archive/', 'checkpoints/', 'snapshots/'])(
    'that was damaged below %s is mended by a save that verifies, and by no other',
    async (prefix) => {
      await saveBackup(systemIn('old'), target());
      const damaged = (await target().list()).filter((file) => file.name.startsWith(prefix));
      for (const { name, sizeBytes } of damaged) await writeFile(join(target().place, name), Buffer.alloc(sizeBytes));
      expect(await saveBackup(systemIn('old'), target())).toMatchObject({ copiedFileCount: 0 });
      expect(await verifyBackup(target())).toHaveLength(damaged.length);
      const mended = await saveBackup(systemIn('old'), target(), { verify: true });
      expect(mended.copiedFileCount).toBe(damaged.length);
      expect(await verifyBackup(target())).toEqual([]);
      expect(await saveBackup(systemIn('old'), target(), { verify: true })).toMatchObject({ copiedFileCount: 0 });
      await restoreBackup(target(), systemIn('new'));
      expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4]);
    },
  );

  it('that was damaged is not mended from a file that is damaged in the system as well', async () => {
    await saveBackup(systemIn('old'), target());
    const { name, sizeBytes } = (await target().list()).find((file) => file.name.startsWith('archive/'))!;
    await writeFile(join(target().place, name), Buffer.alloc(sizeBytes));
    await writeFile(join(folder.path, 'old', name), Buffer.alloc(sizeBytes, 1));
    await expect(saveBackup(systemIn('old'), target(), { verify: true })).rejects.toThrow(/of .*old.* is damaged/);
    expect(await verifyBackup(target())).toEqual([expect.stringContaining(name)]);
  });

  it('is not restored over something else, and goes on where it was cut off', async () => {
    await saveBackup(systemIn('old'), target());
    await new FolderTree(join(folder.path, 'new', 'archive')).put('other.parquet', __filename);
    await expect(restoreBackup(target(), systemIn('new'))).rejects.toThrow(
      /other.parquet, which is not of this backup/,
    );
    const { copiedFileCount } = await restoreBackup(target(), systemIn('third'));
    expect(copiedFileCount).toBeGreaterThan(2);
    expect((await restoreBackup(target(), systemIn('third'))).copiedFileCount).toBe(0);
  });

  it('has the records of each checkpoint in it, even of a system that goes on', async () => {
    const system = systemIn('old');
    const goOnAfterFirstList = (tree: FolderTree) => {
      const list = tree.list.bind(tree);
      tree.list = async () => {
        const files = await list();
        if (!wentOn) {
          wentOn = true;
          await append(5, 8);
          await system.checkpoints.put('topic/p0-later.states.gz', __filename);
        }
        return files;
      };
    };
    let wentOn = false;
    goOnAfterFirstList(system.archive);
    goOnAfterFirstList(system.checkpoints);
    await saveBackup(system, target());
    await restoreBackup(target(), systemIn('new'));
    expect((await systemIn('new').checkpoints.list()).map(({ name }) => name)).toEqual(['topic/p0.states.gz']);
    expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  describe('of a system that changes since it was listed', () => {
    /** Before the first file of the tree is read. */
    const meanwhile = (tree: FolderTree, change: () => Promise<void>) => {
      const get = tree.get.bind(tree);
      tree.get = async (name, path) => {
        tree.get = get;
        await change();
        await get(name, path);
      };
    };
    const archiveFiles = async () => (await systemIn('old').archive.list()).map(({ name }) => name);

    it('goes on where files were merged, and checkpoints let go of', async () => {
      await append(5, 8);
      const system = systemIn('old');
      await system.checkpoints.put('topic/p0-older.states.gz', __filename);
      meanwhile(system.checkpoints, () => system.checkpoints.remove('topic/p0-older.states.gz'));
      meanwhile(system.archive, async () => {
        for (const name of await archiveFiles()) await system.archive.remove(name);
        await append(0, 8);
      });
      const progress: string[] = [];
      await saveBackup(system, target(), { onFile: (done, total) => progress.push(`${done}/${total}`) });
      await restoreBackup(target(), systemIn('new'));
      expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect((await systemIn('new').checkpoints.list()).map(({ name }) => name)).toEqual(['topic/p0.states.gz']);
      const [done, total] = progress.at(-1)!.split('/');
      expect(done).toBe(total);
    });

    it.each([
      ['the whole archive', async () => rm(join(folder.path, 'old', 'archive'), { recursive: true })],
      [
        'a file that no other has the records of',
        async () => systemIn('old').archive.remove((await archiveFiles())[0]),
      ],
    ])('fails, and writes no manifest, where %s is gone', async (_, remove) => {
      await append(5, 8);
      const system = systemIn('old');
      meanwhile(system.archive, remove);
      await expect(saveBackup(system, target())).rejects.toThrow(/ENOENT/);
      expect(existsSync(join(target().place, 'backup.json'))).toBe(false);
    });

    it('fails where the last checkpoint of a partition is gone', async () => {
      const system = systemIn('old');
      meanwhile(system.checkpoints, () => system.checkpoints.remove('topic/p0.states.gz'));
      await expect(saveBackup(system, target())).rejects.toThrow(/ENOENT/);
    });
  });

  it('copies each snapshot away before it fetches the next, so that two need not fit into the temp folder', async () => {
    await publish('20261121T000000Z-bbbbbb');
    const system = systemIn('old');
    const to = target();
    let work = '';
    const put = to.put.bind(to);
    to.put = (name, path) => {
      work = dirname(path);
      return put(name, path);
    };
    const exportsAtFetch: string[][] = [];
    const fetch = system.snapshots.fetch.bind(system.snapshots);
    system.snapshots.fetch = async (snapshotId) => {
      exportsAtFetch.push(work === '' ? ['nothing copied yet'] : await readdir(work));
      return fetch(snapshotId);
    };
    await saveBackup(system, to);
    expect(exportsAtFetch).toEqual([[], []]);
    expect(await verifyBackup(target())).toEqual([]);
  });

  it('of a system with a damaged snapshot has all else, and names it', async () => {
    await publish('20261121T000000Z-bbbbbb');
    await truncate(join(folder.path, 'old', 'snapshots', '20261120T000000Z-aaaaaa', 'popular.json'), 1);
    const missingSnapshots = [
      { snapshotId: '20261120T000000Z-aaaaaa', reason: expect.stringContaining('popular.json') },
    ];
    expect(await saveBackup(systemIn('old'), target())).toMatchObject({ snapshotCount: 1, missingSnapshots });
    expect(await verifyBackup(target())).toEqual([expect.stringContaining('20261120T000000Z-aaaaaa is not in')]);
    expect(await restoreBackup(target(), systemIn('new'))).toMatchObject({ snapshotCount: 1, missingSnapshots });
    expect(await systemIn('new').snapshots.readPointer()).toBe('20261121T000000Z-bbbbbb');
    expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4]);
  });

  describe('with a snapshot that cannot be read any more', () => {
    const [older, current] = ['20261120T000000Z-aaaaaa', '20261121T000000Z-bbbbbb'];
    /** As a version before this one, or after it, wrote it. */
    const ofFormat2 = async (snapshotId: string) => {
      const path = join(folder.path, 'old', 'snapshots', snapshotId, 'manifest.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/"formatVersion": \d+/, '"formatVersion": 2'));
    };
    /** A backup that a program of that format made. */
    const saveOfFormat2 = async (snapshotId: string) => {
      await saveBackup(systemIn('old'), target());
      await ofFormat2(snapshotId);
      const name = `snapshots/${snapshotId}/manifest.json`;
      const path = join(folder.path, 'old', name);
      await target().put(name, path);
      const { size: sizeBytes } = await stat(path);
      const manifestPath = join(target().place, 'backup.json');
      const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as { files: { name: string }[] };
      const sha256 = await sha256Of(path);
      const files = manifest.files.map((file) => (file.name === name ? { name, sizeBytes, sha256 } : file));
      await writeFile(manifestPath, JSON.stringify({ ...manifest, files }));
    };
    beforeEach(() => publish(current));

    it.each([
      ['damaged', () => saveBackup(systemIn('old'), target()).then(() => damage(`snapshots/${older}/popular.json`))],
      ['of another format', () => saveOfFormat2(older)],
    ])('restores all else and names the one that is %s', async (_, save) => {
      await save();
      const restored = await restoreBackup(target(), systemIn('new'));
      const faults = [expect.stringContaining(`snapshot ${older} was not restored: `)];
      expect(restored).toMatchObject({ snapshotCount: 1, faults });
      expect(await systemIn('new').snapshots.readPointer()).toBe(current);
      expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4]);
      expect(existsSync(join(folder.path, 'new', UNFINISHED_RESTORE))).toBe(false);
    });

    it('verifies as one that this program restores in part', async () => {
      await saveOfFormat2(older);
      const notes: string[] = [];
      expect(await verifyBackup(target(), undefined, (note) => notes.push(note))).toEqual([]);
      expect(notes).toEqual([`snapshot ${older} has format 2, this program restores ${SNAPSHOT_FORMAT_VERSION}`]);
    });

    it('verifies as unsound where that is the current one', async () => {
      await saveOfFormat2(current);
      expect(await verifyBackup(target())).toEqual([expect.stringMatching(`${current} has format 2.*the current one`)]);
    });

    it('leaves one of another format out, which is no fault, unless it is the current one', async () => {
      await ofFormat2(older);
      const notes = [expect.stringMatching(`snapshot ${older} is left out: .*has format 2`)];
      const expected = { snapshotCount: 1, notes, missingSnapshots: [], faults: [] };
      expect(await saveBackup(systemIn('old'), target())).toMatchObject(expected);
      await ofFormat2(current);
      const other = new FolderTree(join(folder.path, 'other-backup'));
      expect(await saveBackup(systemIn('old'), other)).toMatchObject({ missingSnapshots: [{ snapshotId: current }] });
    });

    it('leaves one out that was removed since it was listed', async () => {
      const { snapshots, ...parts } = systemIn('old');
      const fetch = snapshots.fetch.bind(snapshots);
      snapshots.fetch = async (snapshotId, options) => {
        await rm(join(folder.path, 'old', 'snapshots', older), { recursive: true, force: true });
        return fetch(snapshotId, options);
      };
      const saved = await saveBackup({ snapshots, ...parts }, target());
      expect(saved).toMatchObject({ snapshotCount: 1, missingSnapshots: [], faults: [] });
    });

    const damage = (name: string) => truncate(join(target().place, name), 1);
  });

  it('whose current snapshot is missing restores the rest, with none current', async () => {
    await truncate(join(folder.path, 'old', 'snapshots', '20261120T000000Z-aaaaaa', 'popular.json'), 1);
    await saveBackup(systemIn('old'), target());
    await restoreBackup(target(), systemIn('new'));
    expect(await systemIn('new').snapshots.readPointer()).toBeUndefined();
    expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4]);
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
    await rm(join(folder.path, 'old', 'archive'), { recursive: true });
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
