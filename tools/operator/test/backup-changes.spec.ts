import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderTree } from '../src/backup/file-tree';
import { restoreBackup } from '../src/backup/restore-backup';
import { saveBackup } from '../src/backup/save-backup';
import { append, offsetsIn, pathOf, systemIn, target, useOldSystem } from './backup-system';

useOldSystem();

describe('a backup', () => {
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
      ['the whole archive', async () => rm(pathOf('old', 'archive'), { recursive: true })],
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
});
