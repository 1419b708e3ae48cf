export * from './port';
export { openEmbeddedFeatureStore } from './embedded-feature-store';
