import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { sha256Of } from '@watchnext/folder-lock';
import { restoreBackup, verifyBackup } from '../src/backup/restore-backup';
import { saveBackup } from '../src/backup/save-backup';
import { append, offsetsIn, pathOf, systemIn, target, useOldSystem } from './backup-system';

useOldSystem();

/** In place of the one whose name says nothing of its bytes. */
async function useNamedCheckpoint(): Promise<void> {
  const { checkpoints } = systemIn('old');
  await checkpoints.remove('topic/p0.states.gz');
  await checkpoints.put(`topic/p00000-${'4'.padStart(16, '0')}-${await sha256Of(__filename)}.states.gz`, __filename);
}

describe('a backup', () => {
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
    await writeFile(pathOf('old', name), Buffer.alloc(sizeBytes, 1));
    await expect(saveBackup(systemIn('old'), target(), { verify: true })).rejects.toThrow(/of .*old.* is damaged/);
    expect(await verifyBackup(target())).toEqual([expect.stringContaining(name)]);
  });
});
