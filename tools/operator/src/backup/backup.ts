/**
 * A backup: archive, checkpointed states and snapshots as plain files, in a folder or a bucket.
 *
 *   archive/<topic>/dt=…/….parquet
 *   checkpoints/<topic>/….states.gz
 *   snapshots/<id>/…
 *   backup.json       what there is, with sizes and SHA-256, and which snapshot is current; written last
 *
 * Files of all three never change once written, so a further backup into the same place copies only what is new. What
 * is copied is read back from where it lies now, and compared.
 */
import type { SnapshotStore } from '@watchnext/snapshot-store';
import type { FileTree } from './file-tree';
import type { MissingSnapshot } from './manifest';

/** What a backup is made of. */
export interface SystemFiles {
  /** What all else lies in. */
  readonly root: FileTree;
  readonly archive: FileTree;
  readonly checkpoints: FileTree;
  readonly snapshots: SnapshotStore;
}

export interface BackupReport {
  readonly fileCount: number;
  readonly copiedFileCount: number;
  readonly copiedBytes: number;
  readonly snapshotCount: number;
  readonly missingSnapshots: readonly MissingSnapshot[];
  /** What else a person has to mend, one text each: what is damaged or gone. */
  readonly faults: readonly string[];
  /** What is worth a word and nobody's fault. */
  readonly notes: readonly string[];
}

export type OnFile = (done: number, total: number, name: string) => void;
