export { requireArchiveFolder } from './archive-folder';
export { BadRows, type BadRow } from './read/bad-rows';
export { collectorAccess, type CollectorAccess } from './collector-access';
export { DatasetError } from './dataset-error';
export { describeImport } from './describe-import';
export { datasetEvents, type DatasetOptions, type ImportSummary } from './dataset-events';
export { type Importer, type LoadOptions } from './importer';
export { datasetFingerprint } from './fingerprint';
export { eventIdOf } from './event-id';
export { importerNamed, IMPORTERS } from './importers';
export { describeCounts, importEvents, type EventSink, type ImportResult } from './import';
export {
  describeRejection,
  importDataset,
  type ImportDatasetOptions,
  type ImportDatasetResult,
} from './import-dataset';
export { importToArchive, type ImportToArchiveOptions, type ImportToArchiveResult } from './import-to-archive';
export { askOnTerminal, mappingFileFor, QuestionLeftError } from './table/wizard';
export { readCsv } from './read/csv';
export { validateArchive, type ValidationOptions } from './validate/validate-archive';
