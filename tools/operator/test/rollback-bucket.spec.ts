/** The rollback as built, of a system whose snapshots lie in a bucket; needs the build that `npm test` makes first. */
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { embeddedPaths, loadDriverSettings } from '@watchnext/config';
import { ObjectStore } from '@watchnext/object-store';
import { openFolderSnapshotStore, openSnapshotStore, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { createTestBucket, requireServer, runBuilt, temporaryDirectory } from '@watchnext/testing';
import { publishSnapshot, writeCandidateFiles } from '@watchnext/testing/snapshots';

const [FIRST, SECOND] = ['20260101T000000Z-aaaaaa', '20260102T000000Z-bbbbbb'] as const;
const endpoint = requireServer('an S3 test server', 'WATCHNEXT_S3_ENDPOINT');

(endpoint === undefined ? describe.skip : describe)('rollback in a bucket', () => {
  it('checks what the bucket has, and not what this machine fetched earlier, of which nothing stays', async () => {
    const data = await temporaryDirectory('rollback-bucket');
    const bucket = await createTestBucket(endpoint!);
    const temporary = join(data.path, 'tmp');
    await mkdir(temporary);
    const environment = {
      WATCHNEXT_DATA_DIR: data.path,
      WATCHNEXT_OBJECT_STORE: 's3',
      WATCHNEXT_S3_ENDPOINT: endpoint!,
      WATCHNEXT_S3_BUCKET: bucket.bucket,
      WATCHNEXT_S3_ACCESS_KEY_ID: 'test',
      WATCHNEXT_S3_SECRET_ACCESS_KEY: 'test',
      TMPDIR: temporary,
    };
    const rollback = (...args: string[]) =>
      runBuilt(resolve(__dirname, '..', 'dist', 'rollback-command.js'), args, environment);
    const store = openSnapshotStore(loadDriverSettings(environment), embeddedPaths(data.path).snapshots);
    const objects = new ObjectStore({ ...bucket, prefix: 'snapshots/' });
    try {
      const folder = join(data.path, 'made');
      const made = openFolderSnapshotStore(folder);
      for (const id of [FIRST, SECOND]) {
        await publishSnapshot(folder, id, (files) => writeCandidateFiles(files, { videoIds: ['v'], seed: 1 }));
        const { directory, manifest } = await made.fetch(id);
        await store.publish(directory, manifest);
      }
      await store.movePointer(undefined, SECOND);
      // As after an earlier rollback.
      const { manifest } = await store.fetch(FIRST);
      expect(rollback('--dry-run')).toEqual({
        status: 0,
        text: expect.stringMatching(/would move the pointer[^]*Checking the target: \d+ files/),
      });
      const name = SNAPSHOT_FILES.candidateTensors;
      await objects.remove(`${FIRST}/files/${manifest.files[name].sha256}/${name}`);
      for (const args of [['--dry-run'], []])
        expect(rollback(...args)).toEqual({
          status: 1,
          text: expect.stringMatching(new RegExp(`${FIRST}.*${name}.*is missing`)),
        });
      expect(await store.readPointer()).toBe(SECOND);
      expect(await readdir(temporary)).toEqual([]);
    } finally {
      objects.close();
      await store.close();
      await data.remove();
    }
  });
});
