/** SHA-256 digests of a snapshot's files, computed by streaming: a table may be larger than memory allows twice. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FileDigest } from '@watchnext/contract';
import { errorCode } from './durable-files';
import { isSnapshotFilePath, MANIFEST_DIGEST_FILE, MANIFEST_FILE } from './layout';
import { SnapshotCorruptError } from './port';

const READ_BYTES = 1 << 20;

/** Size and SHA-256 (lower-case hexadecimal) of one file. */
async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
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

/**
 * Compares every file that a manifest lists with its digest.
 * @throws SnapshotCorruptError naming the first file that is missing or differs
 */
export async function verifyFiles(
  snapshotId: string,
  directory: string,
  files: { [path: string]: FileDigest },
): Promise<void> {
  for (const [path, expected] of Object.entries(files)) {
    if (!isSnapshotFilePath(path)) throw new SnapshotCorruptError(snapshotId, path, 'not a path within the snapshot');
    let actual: FileDigest;
    try {
      actual = await digestFile(join(directory, path));
    } catch (error) {
      if (!['ENOENT', 'EISDIR', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
      throw new SnapshotCorruptError(snapshotId, path, 'is missing', { cause: error });
    }
    if (actual.sizeBytes !== expected.sizeBytes) {
      throw new SnapshotCorruptError(
        snapshotId,
        path,
        `has ${actual.sizeBytes} bytes instead of ${expected.sizeBytes}`,
      );
    }
    if (actual.sha256 !== expected.sha256) {
      throw new SnapshotCorruptError(snapshotId, path, `hashes to ${actual.sha256} instead of ${expected.sha256}`);
    }
  }
}
