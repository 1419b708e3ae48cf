export * from './port';
export { openParquetArchive, type ParquetArchiveOptions } from './parquet-archive';
export { ArchiveGapError } from './read-plan';
