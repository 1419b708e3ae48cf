export { BadRows, type BadRow } from './read/bad-rows';
export { DatasetError } from './dataset-error';
export { datasetEvents, type DatasetOptions, type ImportSummary } from './dataset-events';
export { type Importer, type LoadOptions } from './importer';
export { importerNamed, IMPORTERS } from './importers';
export { importEvents, type EventSink, type ImportResult } from './import';
export { duration, startTask, type ProgressTask } from './progress';
export { importDataset, type ImportDatasetOptions, type ImportDatasetResult } from './import-dataset';
export { importToArchive, type ImportToArchiveOptions, type ImportToArchiveResult } from './import-to-archive';
