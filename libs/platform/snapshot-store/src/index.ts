export * from './port';
export {
  indexFile,
  isIndexFile,
  isSnapshotId,
  MANIFEST_FILE,
  newSnapshotId,
  SNAPSHOT_FILES,
  SNAPSHOT_FORMAT_VERSION,
} from './layout';
export { describeFiles } from './digests';
export { openSnapshotStore } from './open-snapshot-store';
export { type KeptSnapshots, removeOldSnapshots } from './remove-old-snapshots';
export { type FolderSnapshotStore, openFolderSnapshotStore } from './folder-snapshot-store';
export { SafetensorsError } from './safetensors';
export { readSafetensorsFile, writeSafetensorsFile } from './safetensors-file';
export {
  SnapshotHolder,
  type SnapshotHolderCallbacks,
  type SnapshotHolderOptions,
  SnapshotNotHeldError,
} from './snapshot-holder';
export { openS3SnapshotStore, type S3SnapshotStoreOptions } from './s3/s3-snapshot-store';
