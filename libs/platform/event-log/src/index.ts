export * from './port';
export { murmur2, partitionOf } from './partition';
export { openEmbeddedEventLog } from './embedded/embedded-event-log';
