/** What a snapshot holder is tried with. */
import { SnapshotManifest } from '@watchnext/contract';
import {
  type LocalSnapshot,
  SnapshotCorruptError,
  SnapshotNotFoundError,
  SnapshotStoreUnavailableError,
} from '../src/port';

/** A loaded snapshot that knows whether it was closed. */
export class Loaded {
  closeCount = 0;
  constructor(readonly id: string) {}
  close(): void {
    this.closeCount += 1;
  }
}

/** The part of a store that a holder uses. */
export class PointedStore {
  pointer: string | undefined;
  isDown = false;
  isFetchDown = false;
  readonly corrupt = new Set<string>();
  readonly parents = new Map<string, string>();
  fetchCount = 0;

  async readPointer(): Promise<string | undefined> {
    if (this.isDown) throw new SnapshotStoreUnavailableError('the store is down');
    return this.pointer;
  }

  async readManifest(snapshotId: string): Promise<SnapshotManifest> {
    if (!this.parents.has(snapshotId)) throw new SnapshotNotFoundError(snapshotId);
    return SnapshotManifest.fromPartial({ snapshotId, parentSnapshotId: this.parents.get(snapshotId) });
  }

  async fetch(snapshotId: string): Promise<LocalSnapshot> {
    this.fetchCount += 1;
    if (this.isFetchDown) throw new SnapshotStoreUnavailableError('the store is down');
    if (this.corrupt.has(snapshotId)) throw new SnapshotCorruptError(snapshotId, 'ranker.onnx', 'a flipped bit');
    return { snapshotId, directory: '', manifest: SnapshotManifest.fromPartial({ snapshotId }) };
  }
}
