import { join } from 'node:path';
import { requireFolder, type StoredFilesSettings } from '@watchnext/config';
import { objectStoreSettingsOf } from '@watchnext/object-store';
import { openParquetArchive, type ParquetArchiveOptions } from './parquet-archive';
import type { EventArchive } from './port';
import { openS3Archive } from './s3/s3-archive';

const MIB = 2 ** 20;

/**
 * The event archive that the settings name.
 *
 * @param folder where the folder driver keeps it, as `embeddedPaths(…).archive`; with S3 the cache lies beside it,
 * unless the settings say where
 * @throws ConfigError naming the variables at fault
 */
export function openEventArchive(
  settings: StoredFilesSettings,
  folder: string,
  options: ParquetArchiveOptions = {},
): EventArchive {
  if (settings.WATCHNEXT_OBJECT_STORE === 'folder') return openParquetArchive(folder, options);
  const cache = settings.WATCHNEXT_CACHE_DIR;
  const cacheDirectory = cache === undefined ? `${folder}-cache` : join(cache, 'archive');
  const objectStore = objectStoreSettingsOf(settings, 'archive');
  requireFolder(cache === undefined ? 'WATCHNEXT_DATA_DIR' : 'WATCHNEXT_CACHE_DIR', cacheDirectory);
  return openS3Archive(objectStore, {
    ...options,
    cacheDirectory,
    cacheLimitBytes: settings.WATCHNEXT_CACHE_ARCHIVE_MB * MIB,
  });
}
