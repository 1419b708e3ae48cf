export { makeFolder } from './make-folder';
export { FolderInUseError, lockFolder } from './folder-lock';
export { linkOrCopy } from './link-or-copy';
export { makeOwnFolder } from './own-folder';
export { readdirIfThere, sha256Of } from './read-files';
export { replaceFile } from './replace-file';
export { syncNamesBeside } from './sync-names';
export { syncPath } from './sync-path';
export { identify, isAlive, type ProcessIdentity } from './process-identity';
