/** Where a backup may lie. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { DriverSettings } from '@watchnext/config';
import { objectStoreSettingsOf, type Place } from '@watchnext/object-store';
import { BackupError } from './manifest';

/** What of a system is in a backup, by the name of its folder or prefix. */
const PARTS = ['archive', 'checkpoints', 'snapshots'];

/**
 * A backup among the files that it is of takes itself for the system's, and goes when they go.
 *
 * @throws BackupError where the place is the system's own, holds it, or lies in it
 */
export function refuseOwnPlace(place: Place, settings: DriverSettings): void {
  const own =
    settings.WATCHNEXT_OBJECT_STORE === 's3' ? bucketsOverlap(place, settings) : foldersOverlap(place, settings);
  if (own !== undefined)
    throw new BackupError(
      `the system that is to be backed up lies in ${own}: name a place that is not it, does not hold it and does not lie in it, ` +
        'best on another disk or in another bucket',
    );
}

function foldersOverlap(place: Place, { WATCHNEXT_DATA_DIR: dataDirectory }: DriverSettings): string | undefined {
  if (!('folder' in place)) return undefined;
  const [there, own] = [realPath(place.folder), realPath(dataDirectory)].map((path) =>
    path.endsWith(sep) ? path : path + sep,
  );
  return there.startsWith(own) || own.startsWith(there) ? dataDirectory : undefined;
}

/** A bucket's root may hold a system and, under another prefix, its backup: only what the parts have is the system's. */
function bucketsOverlap(place: Place, settings: DriverSettings): string | undefined {
  if ('folder' in place || place.bucket !== settings.WATCHNEXT_S3_BUCKET) return undefined;
  const prefixes = PARTS.map((part) => objectStoreSettingsOf(settings, part).prefix);
  const isOwn = prefixes.some((own) => own.startsWith(place.prefix) || place.prefix.startsWith(own));
  return isOwn ? `s3://${place.bucket}/${objectStoreSettingsOf(settings, '').prefix.slice(0, -1)}` : undefined;
}

/** Without the links on the way to it, of one that is not there yet too. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}
