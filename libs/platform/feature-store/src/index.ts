export * from './port';
export { openEmbeddedFeatureStore } from './embedded-feature-store';
export { openRedisFeatureStore } from './redis/redis-feature-store';
export type { RedisSettings } from './redis/redis-connection';
