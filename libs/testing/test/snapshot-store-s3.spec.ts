import { ObjectStore } from '@watchnext/object-store';
import { describeSnapshotStore, createTestBucket, requireServer, temporaryDirectory } from '../src';
import { open } from './drivers/s3-snapshot-store';

const endpoint = requireServer('an S3 test server', 'WATCHNEXT_S3_ENDPOINT');

if (endpoint) {
  describeSnapshotStore('S3', async () => {
    const settings = await createTestBucket(endpoint);
    const objects = new ObjectStore(settings);
    const caches = await temporaryDirectory('s3-snapshots');
    const location = JSON.stringify({ ...settings, caches: caches.path });
    return {
      open: () => open(location),
      module: require.resolve('./drivers/s3-snapshot-store'),
      location,
      async damage(snapshotId, file, change) {
        for await (const { key } of objects.list(`${snapshotId}/`)) {
          if (!key.endsWith(`/${file}`)) continue;
          const { bytes, notes } = await objects.read(key);
          const changed = change(bytes);
          if (changed) await objects.write(key, changed, undefined, { ...notes });
          else await objects.remove(key);
        }
      },
      async dispose() {
        objects.close();
        await caches.remove();
      },
    };
  });
}
