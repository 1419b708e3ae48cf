/** SHA-256 digests of a snapshot's files, computed by streaming: a table may be larger than memory allows twice. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FileDigest } from '@watchnext/contract';
import { errorCode } from './durable-files';
import { isSnapshotFilePath, MANIFEST_DIGEST_FILE, MANIFEST_FILE } from './layout';

/** Hashed at once: a fifth of a millisecond, or half of one. */
const READ_BYTES = 1 << 18;

/** Size and SHA-256 (lower-case hexadecimal) of one file. */
async function digestFile(path: string, signal?: AbortSignal): Promise<FileDigest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Digest of a text as UTF-8. */
export function digestText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Paths of all files below a folder, with forward slashes, sorted; a manifest and its digest are left out. */
export async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== MANIFEST_FILE && path !== MANIFEST_DIGEST_FILE)
    .sort();
}

/** What a manifest says of the files in `directory`: path within the folder → digest. */
export async function describeFiles(directory: string): Promise<{ [path: string]: FileDigest }> {
  const files: { [path: string]: FileDigest } = {};
  for (const path of await listFiles(directory)) files[path] = await digestFile(join(directory, path));
  return files;
}

/** What is wrong with a file. */
export interface FileFault {
  readonly file: string;
  readonly detail: string;
  /** There is nothing by that name. */
  readonly isMissing: boolean;
}

export type FileDigests = { readonly [path: string]: FileDigest };

/**
 * Compares every file with its digest, on the calling thread.
 * @returns the first that is missing or differs
 * @throws the signal's reason
 */
export async function findFault(
  directory: string,
  files: FileDigests,
  signal?: AbortSignal,
): Promise<FileFault | undefined> {
  for (const [file, expected] of Object.entries(files)) {
    const detail = isSnapshotFilePath(file)
      ? await differenceOf(join(directory, file), expected, signal)
      : 'not a path within the snapshot';
    if (detail !== undefined) return { file, detail, isMissing: detail === MISSING };
  }
  return undefined;
}

const MISSING = 'is missing';

async function differenceOf(path: string, expected: FileDigest, signal?: AbortSignal): Promise<string | undefined> {
  let actual: FileDigest;
  try {
    actual = await digestFile(path, signal);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'ENOENT') return MISSING;
    if (!['EISDIR', 'ENOTDIR'].includes(code)) throw error;
    return 'is no file';
  }
  if (actual.sizeBytes !== expected.sizeBytes) return `has ${actual.sizeBytes} bytes instead of ${expected.sizeBytes}`;
  if (actual.sha256 !== expected.sha256) return `hashes to ${actual.sha256} instead of ${expected.sha256}`;
  return undefined;
}
