export { BadRows, type BadRow } from './bad-rows';
export { DatasetError, type Importer, type ImportOptions, type ImportSummary } from './importer';
export { IMPORTERS } from './importers';
export { KuaiRandImporter } from './kuairand/importer';
export { importEvents, type EventSink, type ImportResult } from './import';
export { duration, startTask, type ProgressTask } from './progress';
export { importDataset, type ImportDatasetOptions, type ImportDatasetResult } from './import-dataset';
