export { makeFolder } from './make-folder';
export { FolderInUseError, lockFolder } from './folder-lock';
export { identify, isAlive, type ProcessIdentity } from './process-identity';
