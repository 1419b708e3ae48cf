import type { SnapshotManifest } from '@watchnext/contract';
import { listFiles } from './digests';
import { isSnapshotId, SNAPSHOT_FORMAT_VERSION } from './layout';
import { SnapshotCorruptError, SnapshotExistsError, SnapshotFormatError, SnapshotStoreError } from './port';

/**
 * What every store asks of a snapshot before it takes it; whether the files are those of the manifest each looks at as it takes them.
 *
 * @param isThere whether the store has a snapshot of this id
 * @throws SnapshotStoreError "invalid-snapshot-id", SnapshotFormatError, SnapshotExistsError; SnapshotCorruptError naming a file that the
 *   manifest does not list
 */
export async function requirePublishable(
  directory: string,
  { snapshotId, formatVersion, files }: SnapshotManifest,
  isThere: (snapshotId: string) => Promise<boolean>,
): Promise<void> {
  if (!isSnapshotId(snapshotId)) {
    throw new SnapshotStoreError(`"${snapshotId}" cannot name a snapshot`, 'invalid-snapshot-id', false);
  }
  if (formatVersion !== SNAPSHOT_FORMAT_VERSION) {
    throw new SnapshotFormatError(snapshotId, formatVersion, SNAPSHOT_FORMAT_VERSION);
  }
  if (await isThere(snapshotId)) throw new SnapshotExistsError(snapshotId);
  for (const path of await listFiles(directory)) {
    if (!Object.hasOwn(files, path)) throw new SnapshotCorruptError(snapshotId, path, 'is not listed in the manifest');
  }
}
