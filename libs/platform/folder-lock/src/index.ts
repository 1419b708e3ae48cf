export { FolderInUseError, lockFolder } from './folder-lock';
export { identify, isAlive, type ProcessIdentity } from './process-identity';
