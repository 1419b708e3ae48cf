/** Small real snapshots for specs of the services that load them. */
export { flipBit, publishInto, publishSnapshot } from './publish-snapshot';
export * from './write-candidate-files';
export * from './write-ranking-files';
