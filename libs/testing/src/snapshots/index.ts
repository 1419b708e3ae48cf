/** Small real snapshots for specs of the services that load them. */
export { flipBit, publishInto, publishSnapshot, spoilValue, type WriteFiles } from './publish-snapshot';
export * from './write-candidate-files';
export * from './write-ranking-files';
export { type EarlyService, expectEarlyListening } from './expect-early-listening';
