import { redisCertificates, requireConsistent, requireFolder, type FeatureStoreSettings } from '@watchnext/config';
import { openEmbeddedFeatureStore } from './embedded-feature-store';
import type { FeatureStore } from './port';
import { openRedisFeatureStore } from './redis/redis-feature-store';
import type { RedisSettings } from './redis/redis-settings';

/**
 * The feature store that the settings name.
 *
 * @param embeddedFolder folder of the embedded driver, as `embeddedPaths(…).featureStore`; not used with Redis
 * @throws ConfigError naming the variables at fault. Redis itself is not asked: calls fail while it cannot be reached
 */
export function openFeatureStore(settings: FeatureStoreSettings, embeddedFolder: string): FeatureStore {
  requireConsistent(settings);
  if (settings.WATCHNEXT_FEATURE_STORE === 'embedded') {
    requireFolder('WATCHNEXT_DATA_DIR', embeddedFolder);
    return openEmbeddedFeatureStore(embeddedFolder);
  }
  return openRedisFeatureStore(redisSettingsOf(settings), settings.WATCHNEXT_REDIS_NAMESPACE);
}

function redisSettingsOf(settings: FeatureStoreSettings): RedisSettings {
  const { WATCHNEXT_REDIS_SENTINELS: nodes, WATCHNEXT_REDIS_SENTINEL_MASTER: primaryName } = settings;
  return {
    url: settings.WATCHNEXT_REDIS_URL?.reveal(),
    clusterNodes: settings.WATCHNEXT_REDIS_CLUSTER,
    sentinels:
      nodes && primaryName !== undefined
        ? {
            nodes,
            primaryName,
            username: settings.WATCHNEXT_REDIS_SENTINEL_USERNAME,
            password: settings.WATCHNEXT_REDIS_SENTINEL_PASSWORD?.reveal(),
          }
        : undefined,
    username: settings.WATCHNEXT_REDIS_USERNAME,
    password: settings.WATCHNEXT_REDIS_PASSWORD?.reveal(),
    tls: redisCertificates(settings)?.follow({}),
    callTimeoutMs: settings.WATCHNEXT_REDIS_CALL_TIMEOUT_MS,
  };
}
