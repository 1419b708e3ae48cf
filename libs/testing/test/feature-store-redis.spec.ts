import { randomUUID } from 'node:crypto';
import { openRedisFeatureStore, type FeatureStore, type RedisSettings } from '@watchnext/feature-store';
import { describeFeatureStore, requireServer } from '../src';

const CALL_TIMEOUT_MS = 5_000;
const url = requireServer('Redis', 'WATCHNEXT_REDIS_URL');
const clusterNodes = requireServer('a Redis Cluster', 'WATCHNEXT_REDIS_CLUSTER')?.split(',');

function run(driver: string, settings: RedisSettings): void {
  describeFeatureStore(driver, async () => {
    const namespace = `test-${randomUUID()}`;
    const handles: FeatureStore[] = [];
    return {
      async open() {
        const handle = openRedisFeatureStore(settings, namespace);
        handles.push(handle);
        return handle;
      },
      async dispose() {
        await Promise.all(handles.map((handle) => handle.close()));
      },
    };
  });
}

if (url) run('Redis', { url, callTimeoutMs: CALL_TIMEOUT_MS });
if (clusterNodes) run('Redis Cluster', { clusterNodes, callTimeoutMs: CALL_TIMEOUT_MS });
