export * from './port';
export { archiveGaps, matchesName, type OffsetRange, parseArchivedRange } from './stored-names';
export { parseFileName as parseArchiveFileName } from './archive-files';
export { KeyedRecords } from './keyed-records';
export { openEventArchive } from './open-event-archive';
export { openParquetArchive, type ParquetArchiveOptions } from './parquet-archive';
export { ArchiveGapError } from './read-plan';
export { sqlReadPath, sqlText } from './sql';
export { openS3Archive, type S3ArchiveOptions } from './s3/s3-archive';
export type { Checkpoint } from './checkpoint-names';
export {
  CheckpointCorruptError,
  type CheckpointedState,
  type CheckpointStore,
  openCheckpoints,
  type StoredCheckpoint,
} from './checkpoints';
