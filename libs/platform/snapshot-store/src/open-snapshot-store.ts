import { join } from 'node:path';
import type { StoredFilesSettings } from '@watchnext/config';
import { objectStoreSettingsOf } from '@watchnext/object-store';
import { openFolderSnapshotStore } from './folder-snapshot-store';
import type { SnapshotStore } from './port';
import { openS3SnapshotStore } from './s3/s3-snapshot-store';

/**
 * The snapshot store that the settings name.
 *
 * @param folder where the folder driver keeps them, as `embeddedPaths(…).snapshots`; with S3 the cache lies beside it,
 * unless the settings say where
 * @throws ConfigError naming the variables at fault
 */
export function openSnapshotStore(settings: StoredFilesSettings, folder: string): SnapshotStore {
  if (settings.WATCHNEXT_OBJECT_STORE === 'folder') return openFolderSnapshotStore(folder);
  const cache = settings.WATCHNEXT_CACHE_DIR;
  return openS3SnapshotStore(objectStoreSettingsOf(settings, 'snapshots'), {
    cacheDirectory: cache === undefined ? `${folder}-cache` : join(cache, 'snapshots'),
    cachedSnapshotCount: settings.WATCHNEXT_CACHE_SNAPSHOTS,
  });
}
