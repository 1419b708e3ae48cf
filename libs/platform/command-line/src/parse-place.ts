import type { Place } from '@watchnext/object-store';
import { InvalidArgumentError } from 'commander';
import { namedPath } from './option-values';

/** What begins as an address does: taken for a folder, a mistyped bucket would be one on the disk that is to be backed up. A drive's letter is none. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;
const BUCKET = /^s3:\/\/([^/]+)\/?(.*)$/;

/** A folder or s3://bucket/prefix. @throws InvalidArgumentError */
export function parsePlace(text: string): Place {
  const [, bucket, prefix = ''] = BUCKET.exec(text) ?? [];
  if (bucket !== undefined) return { bucket, prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/` };
  if (SCHEME.test(text))
    throw new InvalidArgumentError(
      'it must be a folder or s3://bucket/prefix; a folder of such a name is written ./name.',
    );
  return { folder: namedPath(text) };
}
