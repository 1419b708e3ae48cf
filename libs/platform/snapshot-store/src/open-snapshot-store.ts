import { join } from 'node:path';
import { requireFolder, type StoredFilesSettings } from '@watchnext/config';
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
  const cacheDirectory = cache === undefined ? `${folder}-cache` : join(cache, 'snapshots');
  const objectStore = objectStoreSettingsOf(settings, 'snapshots');
  requireFolder(cache === undefined ? 'WATCHNEXT_DATA_DIR' : 'WATCHNEXT_CACHE_DIR', cacheDirectory);
  return openS3SnapshotStore(objectStore, {
    cacheDirectory,
    cachedSnapshotCount: settings.WATCHNEXT_CACHE_SNAPSHOTS,
  });
}
