export { readContracts, Reader, readerOf } from './released';
export { randomMessage } from './random-message';
