/** Opens a prefix of a bucket as a snapshot store, for processes that conformance specs start. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStoreSettings } from '@watchnext/object-store';
import { openS3SnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';

/** @param location the settings as JSON, with the folder below which caches go */
export async function open(location: string): Promise<SnapshotStore> {
  const { caches = tmpdir(), ...settings } = JSON.parse(location) as ObjectStoreSettings & { caches?: string };
  return openS3SnapshotStore(settings, { cacheDirectory: await mkdtemp(join(caches, 'watchnext-s3-cache-')) });
}
