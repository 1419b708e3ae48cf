export { makeFolder } from './make-folder';
export { FolderInUseError, lockFolder } from './folder-lock';
export { makeOwnFolder } from './own-folder';
export { identify, isAlive, type ProcessIdentity } from './process-identity';
