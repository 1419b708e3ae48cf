import { readFileSync } from 'node:fs';
import { ConfigError, requireConsistent, requireFolder, type FeatureStoreSettings } from '@watchnext/config';
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
  const tls = settings.WATCHNEXT_REDIS_TLS || settings.WATCHNEXT_REDIS_TLS_CA_FILE !== undefined;
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
    tls: tls
      ? {
          ca: readPem('WATCHNEXT_REDIS_TLS_CA_FILE', settings.WATCHNEXT_REDIS_TLS_CA_FILE),
          cert: readPem('WATCHNEXT_REDIS_TLS_CERT_FILE', settings.WATCHNEXT_REDIS_TLS_CERT_FILE),
          key: readPem('WATCHNEXT_REDIS_TLS_KEY_FILE', settings.WATCHNEXT_REDIS_TLS_KEY_FILE),
        }
      : undefined,
    callTimeoutMs: settings.WATCHNEXT_REDIS_CALL_TIMEOUT_MS,
  };
}

function readPem(variable: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`${variable}: cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}
