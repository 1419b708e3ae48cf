import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSnapshotStore, temporaryDirectory } from '../src';
import { open } from './drivers/folder-snapshot-store';

describeSnapshotStore('folder', async () => {
  const directory = await temporaryDirectory('snapshot-store');
  return {
    open: () => open(directory.path),
    module: require.resolve('./drivers/folder-snapshot-store'),
    location: directory.path,
    async damage(snapshotId, file, change) {
      const path = join(directory.path, snapshotId, file);
      const changed = change(await readFile(path));
      await rm(path);
      if (changed) await writeFile(path, changed);
    },
    dispose: () => directory.remove(),
  };
});
