/** Where the archive lies that a log is restored from, and whether it is the one that the restored system is to write. */
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, embeddedPaths, type DriverSettings } from '@watchnext/config';
import { type EventArchive, openEventArchive } from '@watchnext/event-archive';
import {
  BACKUP_MANIFEST,
  objectStoreSettingsOf,
  type Place,
  placeHolds,
  placeName,
  UNFINISHED_RESTORE,
} from '@watchnext/object-store';
import { RestoreError } from './restore-topic';

/** The settings of a system that lies in the place. Files that are fetched from a bucket have a cache of their own: it is read by one. */
function settingsOf(place: Place, settings: DriverSettings, readerCount: number): DriverSettings {
  if ('folder' in place)
    return { ...settings, WATCHNEXT_OBJECT_STORE: 'folder', WATCHNEXT_DATA_DIR: resolve(place.folder) };
  return {
    ...settings,
    WATCHNEXT_OBJECT_STORE: 's3',
    WATCHNEXT_S3_BUCKET: place.bucket,
    WATCHNEXT_S3_PREFIX: place.prefix.replace(/\/$/, ''),
    // Each reader may hold as much.
    WATCHNEXT_CACHE_ARCHIVE_MB: Math.ceil(settings.WATCHNEXT_CACHE_ARCHIVE_MB / readerCount),
    WATCHNEXT_CACHE_DIR: join(settings.WATCHNEXT_CACHE_DIR ?? settings.WATCHNEXT_DATA_DIR, 'restore-log'),
  };
}

/**
 * @param readerCount partitions that are read at once
 * @param isSameTopic whether the log's topic has the name of the archived one: both may lie in one archive otherwise
 * @throws ConfigError where the system would write to this archive; RestoreError where the place is a backup that was not restored, or not wholly
 */
export async function openSourceArchive(
  place: Place,
  settings: DriverSettings,
  readerCount: number,
  isSameTopic: boolean,
): Promise<EventArchive> {
  const source = settingsOf(place, settings, readerCount);
  const [there, own] = [locationOf(source), locationOf(settings)];
  if (isSameTopic && there === own)
    throw new ConfigError([
      `${archiveSetting(settings)}: ${own} is the archive that the log is to be restored from. What is restored is archived anew, under ` +
        'the offsets of the new log: name another, empty place here for the restored system',
    ]);
  if (await placeHolds(place, settings, BACKUP_MANIFEST))
    throw new RestoreError(
      `${placeName(place)} is a backup (it has a ${BACKUP_MANIFEST}), and may hold files of users that were forgotten since: bring it back into an empty ` +
        'place by "npm run backup -- restore", and name that one',
    );
  if (await placeHolds(place, settings, UNFINISHED_RESTORE))
    throw new RestoreError(
      `${placeName(place)} lacks part of its backup (it has a ${UNFINISHED_RESTORE}): run the "npm run backup -- restore" again that was cut off, ` +
        'and then this',
    );
  return openEventArchive(source, embeddedPaths(source.WATCHNEXT_DATA_DIR).archive);
}

/** The variable that says where the system has its archive. */
export const archiveSetting = ({ WATCHNEXT_OBJECT_STORE: store }: DriverSettings): string =>
  store === 's3' ? 'WATCHNEXT_S3_PREFIX' : 'WATCHNEXT_DATA_DIR';

/** Of the archive, as messages name it. */
export function locationOf(settings: DriverSettings): string {
  if (settings.WATCHNEXT_OBJECT_STORE === 's3') {
    const { endpoint = '', bucket, prefix } = objectStoreSettingsOf(settings, 'archive');
    return `${endpoint && `${endpoint} `}s3://${bucket}/${prefix}`;
  }
  const { archive } = embeddedPaths(settings.WATCHNEXT_DATA_DIR);
  return existsSync(archive) ? realpathSync(archive) : archive;
}
