import { type EventArchive, openParquetArchive, openS3Archive } from '@watchnext/event-archive';

/** Where an archive is, as one process tells another. */
export type ArchiveLocation =
  { readonly folder: string } | { readonly settings: Parameters<typeof openS3Archive>[0]; readonly cache: string };

export const openAt = (location: ArchiveLocation): EventArchive =>
  'folder' in location
    ? openParquetArchive(location.folder)
    : openS3Archive(location.settings, { cacheDirectory: location.cache });
