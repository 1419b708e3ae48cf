/** Opens a folder as a snapshot store, for processes that conformance specs start. */
import { openFolderSnapshotStore, type SnapshotStore } from '@watchnext/snapshot-store';

export async function open(directory: string): Promise<SnapshotStore> {
  return openFolderSnapshotStore(directory);
}
