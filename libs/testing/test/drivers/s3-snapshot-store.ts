/** Opens a prefix of a bucket as a snapshot store, for processes that conformance specs start. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStoreSettings } from '@watchnext/object-store';
import { openS3SnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';

export async function open(location: string): Promise<SnapshotStore> {
  const settings = JSON.parse(location) as ObjectStoreSettings;
  return openS3SnapshotStore(settings, { cacheDirectory: await mkdtemp(join(tmpdir(), 'watchnext-s3-cache-')) });
}
