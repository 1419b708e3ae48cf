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
export { objectStoreSettingsOf } from './settings';
