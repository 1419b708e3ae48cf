export { makeFolder } from './make-folder';
export { FolderInUseError, lockFolder } from './folder-lock';
export { makeOwnFolder } from './own-folder';
export { syncPath } from './sync-path';
export { identify, isAlive, type ProcessIdentity } from './process-identity';
