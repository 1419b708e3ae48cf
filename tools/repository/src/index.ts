export { madeDocuments } from './describe/documents';
export { copyWorkspace, type WorkspaceCopy } from './workspace-copy';
export { ROOT } from './describe/sources';
