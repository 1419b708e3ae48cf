/** A place outside the system: where a backup lies, or a system that was restored. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredFilesSettings } from '@watchnext/config';
import { ObjectStore, type ObjectStoreSettings } from './object-store';
import { objectStoreSettingsOf } from './settings';

export interface Bucket {
  readonly bucket: string;
  /** Ends with a slash, or is empty. */
  readonly prefix: string;
}

export type Place = { readonly folder: string } | Bucket;

/** The file that makes a place a backup, and says what is in it: what else lies there was removed from the system since. */
export const BACKUP_MANIFEST = 'backup.json';

/** The file that marks a place into which a backup is being brought back: until it is gone the place may lack anything. */
export const UNFINISHED_RESTORE = 'restore-unfinished';

/** As messages name it. */
export const placeName = (place: Place): string =>
  'folder' in place ? place.folder : `s3://${place.bucket}/${place.prefix}`;

/** With the region, endpoint and credentials of the environment, whether or not the system itself lies in a bucket. */
export function bucketSettings({ bucket, prefix }: Bucket, settings: StoredFilesSettings): ObjectStoreSettings {
  const shared = objectStoreSettingsOf({ ...settings, WATCHNEXT_OBJECT_STORE: 's3', WATCHNEXT_S3_BUCKET: bucket }, '');
  return { ...shared, prefix };
}

export async function placeHolds(place: Place, settings: StoredFilesSettings, fileName: string): Promise<boolean> {
  if ('folder' in place) return existsSync(join(place.folder, fileName));
  const store = new ObjectStore(bucketSettings(place, settings));
  return store.exists(fileName).finally(() => store.close());
}
