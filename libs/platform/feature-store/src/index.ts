export * from './port';
export { foldedTo } from './folded-to';
export { openEmbeddedFeatureStore } from './embedded-feature-store';
export { openFeatureStore } from './open-feature-store';
export { openRedisFeatureStore } from './redis/redis-feature-store';
export type { RedisSettings, SentinelSettings } from './redis/redis-settings';
