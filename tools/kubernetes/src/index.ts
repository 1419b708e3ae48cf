export * from './objects';
export { ManifestValidator } from './validate';
export * from './network';
export * from './pods';
export * from './source-facts';
export { isGood, rehearse, type RehearsalReport } from './rehearsal/rehearse';
