/**
 * Which snapshots of a folder may go: those that nobody serves, is about to load, or would go back to. Where there is a bucket,
 * a lifecycle rule of it does this (docs/decisions/0190).
 */
import type { FolderSnapshotStore } from './folder-snapshot-store';
import { isOfSnapshot, type SnapshotStore } from './port';

/** No load takes this long: whoever began one before has ended it. */
const LOADED_AFTER_MS = 3_600_000;

export interface KeptSnapshots {
  /** So many of the newest stay, and as many of the line that ends with the current one. */
  readonly count: number;
  /** What experiments name. */
  readonly named: readonly string[];
}

/**
 * @returns what was removed, newest first
 * @throws SnapshotStoreUnavailableError; what was removed by then is
 */
export async function removeOldSnapshots(
  store: FolderSnapshotStore,
  { count, named }: KeptSnapshots,
  nowMs: number,
): Promise<string[]> {
  const loadedSinceMs = nowMs - LOADED_AFTER_MS;
  const all = await store.list();
  const kept = new Set([
    ...all.slice(0, count),
    ...(await lineOf(store, await store.readPointer(), count)),
    ...(await store.namedSince(loadedSinceMs)),
    ...named,
  ]);
  const removed: string[] = [];
  for (const snapshotId of all) {
    if (kept.has(snapshotId)) continue;
    const publishedAtMs = await store.publishedAtMs(snapshotId);
    if (publishedAtMs === undefined || publishedAtMs > loadedSinceMs) continue;
    if (await store.remove(snapshotId)) removed.push(snapshotId);
  }
  return removed;
}

/** A snapshot, its parent, and so on: the way that `rollback` takes, and a reader that starts where the current one is damaged. */
async function lineOf(
  store: Pick<SnapshotStore, 'readManifest'>,
  snapshotId: string | undefined,
  count: number,
): Promise<string[]> {
  const line: string[] = [];
  for (let id = snapshotId ?? ''; id !== '' && line.length < count;) {
    line.push(id);
    id = await parentOf(store, id);
  }
  return line;
}

/** Empty for the first, and where it cannot be read. */
async function parentOf(store: Pick<SnapshotStore, 'readManifest'>, snapshotId: string): Promise<string> {
  try {
    return (await store.readManifest(snapshotId)).parentSnapshotId;
  } catch (error) {
    if (!isOfSnapshot(error)) throw error;
    return '';
  }
}
