export { madeDocuments } from './describe/documents';
