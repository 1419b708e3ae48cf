import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256Of } from '@watchnext/folder-lock';
import { UNFINISHED_RESTORE } from '@watchnext/object-store';
import { SNAPSHOT_FORMAT_VERSION } from '@watchnext/snapshot-store';
import { FolderTree } from '../src/backup/file-tree';
import { restoreBackup, verifyBackup } from '../src/backup/restore-backup';
import { saveBackup } from '../src/backup/save-backup';
import { offsetsIn, pathOf, publish, systemIn, target, useOldSystem } from './backup-system';

useOldSystem();

describe('a backup', () => {
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
    await truncate(pathOf('old', 'snapshots', '20261120T000000Z-aaaaaa', 'popular.json'), 1);
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
      const path = pathOf('old', 'snapshots', snapshotId, 'manifest.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/"formatVersion": \d+/, '"formatVersion": 2'));
    };
    /** A backup that a program of that format made. */
    const saveOfFormat2 = async (snapshotId: string) => {
      await saveBackup(systemIn('old'), target());
      await ofFormat2(snapshotId);
      const name = `snapshots/${snapshotId}/manifest.json`;
      const path = pathOf('old', name);
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
      expect(existsSync(pathOf('new', UNFINISHED_RESTORE))).toBe(false);
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
      const other = new FolderTree(pathOf('other-backup'));
      expect(await saveBackup(systemIn('old'), other)).toMatchObject({ missingSnapshots: [{ snapshotId: current }] });
    });

    it('leaves one out that was removed since it was listed', async () => {
      const { snapshots, ...parts } = systemIn('old');
      const fetch = snapshots.fetch.bind(snapshots);
      snapshots.fetch = async (snapshotId, options) => {
        await rm(pathOf('old', 'snapshots', older), { recursive: true, force: true });
        return fetch(snapshotId, options);
      };
      const saved = await saveBackup({ snapshots, ...parts }, target());
      expect(saved).toMatchObject({ snapshotCount: 1, missingSnapshots: [], faults: [] });
    });

    const damage = (name: string) => truncate(join(target().place, name), 1);
  });

  it('whose current snapshot is missing restores the rest, with none current', async () => {
    await truncate(pathOf('old', 'snapshots', '20261120T000000Z-aaaaaa', 'popular.json'), 1);
    await saveBackup(systemIn('old'), target());
    await restoreBackup(target(), systemIn('new'));
    expect(await systemIn('new').snapshots.readPointer()).toBeUndefined();
    expect(await offsetsIn('new')).toEqual([0, 1, 2, 3, 4]);
  });
});
