/** A place outside the system, as a command line names it: where a backup lies, or a system that was restored. */
import { InvalidArgumentError } from 'commander';
import { namedPath } from './option-values';

export type Place =
  | { readonly folder: string }
  /** The prefix ends with a slash, or is empty. */
  | { readonly bucket: string; readonly prefix: string };

/** What begins as an address does: taken for a folder, a mistyped bucket would be one on the disk that is to be backed up. A drive's letter is none. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;
const BUCKET = /^s3:\/\/([^/]+)\/?(.*)$/;

/** The file that makes a place a backup, and says what is in it: what else lies there was removed from the system since. */
export const BACKUP_MANIFEST = 'backup.json';

/** The file that marks a place into which a backup is being brought back: until it is gone the place may lack anything. */
export const UNFINISHED_RESTORE = 'restore-unfinished';

/** @throws InvalidArgumentError */
export function parsePlace(text: string): Place {
  const [, bucket, prefix = ''] = BUCKET.exec(text) ?? [];
  if (bucket !== undefined) return { bucket, prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/` };
  if (SCHEME.test(text))
    throw new InvalidArgumentError(
      'it must be a folder or s3://bucket/prefix; a folder of such a name is written ./name.',
    );
  return { folder: namedPath(text) };
}
