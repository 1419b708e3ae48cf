import { ObjectStore, type ObjectStoreSettings } from '@watchnext/object-store';
import { ParquetArchive, type ParquetArchiveOptions } from '../parquet-archive';
import type { EventArchive } from '../port';
import { S3Storage } from './s3-storage';

export interface S3ArchiveOptions extends ParquetArchiveOptions {
  /** Folder for files on their way and for fetched ones; readers need one each, writers may share. */
  readonly cacheDirectory: string;
  /**
   * Bound of the fetched files; default 10 GiB. A plan that is larger streams piece by piece in "offset" order, and
   * partition by partition in "key" order: one partition larger than the bound is held while it is sorted.
   */
  readonly cacheLimitBytes?: number;
}

const DEFAULT_CACHE_LIMIT_BYTES = 10 * 2 ** 30;

/** Opens an archive in S3-compatible storage. DuckDB sees local files only. Close it at the end. */
export function openS3Archive(settings: ObjectStoreSettings, options: S3ArchiveOptions): EventArchive {
  const { cacheDirectory, cacheLimitBytes = DEFAULT_CACHE_LIMIT_BYTES } = options;
  return new ParquetArchive(new S3Storage(new ObjectStore(settings), cacheDirectory, cacheLimitBytes), {
    spillParent: cacheDirectory,
    ...options,
  });
}
