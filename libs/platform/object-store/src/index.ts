export {
  isDiskFailure,
  LocalDiskError,
  ObjectConflictError,
  ObjectNotFoundError,
  ObjectStoreError,
  ObjectStoreUnavailableError,
} from './errors';
export {
  ObjectStore,
  type ObjectStoreSettings,
  type ReadObject,
  type StoredObject,
  type WriteCondition,
} from './object-store';
export { BACKUP_MANIFEST, bucketSettings, type Place, placeHolds, placeName, UNFINISHED_RESTORE } from './place';
export { objectStoreSettingsOf } from './settings';
