import { loadDriverSettings } from '@watchnext/config';
import { planServices } from './services';

/** What a shell may hold that works on a system of servers. */
const SHELL = {
  WATCHNEXT_EVENT_LOG: 'kafka',
  WATCHNEXT_KAFKA_BROKERS: 'kafka:9092',
  WATCHNEXT_FEATURE_STORE: 'redis',
  WATCHNEXT_REDIS_URL: 'redis://redis:6379',
  WATCHNEXT_OBJECT_STORE: 's3',
  WATCHNEXT_S3_BUCKET: 'of-everyone',
  WATCHNEXT_API_KEYS_FILE: '/etc/watchnext/keys',
  WATCHNEXT_GATEWAY_API_KEY_FILE: '/etc/watchnext/key',
  WATCHNEXT_INGESTION_ROLES: 'collector',
  WATCHNEXT_ACTIVITY_PARTITIONS: '12',
  WATCHNEXT_METRICS_PORT: '9464',
};

describe('the services of a start', () => {
  it('keep to the folder and take events without a key, whatever the shell is set to', async () => {
    const { services, trainer } = await planServices('/root', '/data', 0);
    for (const { environment } of [...services, trainer([])]) {
      const seen = { ...SHELL, ...environment };
      expect(loadDriverSettings(seen)).toMatchObject({
        WATCHNEXT_DATA_DIR: '/data',
        WATCHNEXT_EVENT_LOG: 'embedded',
        WATCHNEXT_FEATURE_STORE: 'embedded',
        WATCHNEXT_OBJECT_STORE: 'folder',
      });
      // Empty is unset, for every service.
      expect(seen).toMatchObject({
        WATCHNEXT_API_KEYS_FILE: '',
        WATCHNEXT_GATEWAY_API_KEY_FILE: '',
        WATCHNEXT_INGESTION_ROLES: '',
        WATCHNEXT_ACTIVITY_PARTITIONS: '',
        WATCHNEXT_METRICS_PORT: '',
      });
    }
  });

  it('leave no more snapshots on the disk than there is use for', async () => {
    const { trainer } = await planServices('/root', '/data', 0);
    expect(trainer([]).environment).toMatchObject({ WATCHNEXT_KEPT_SNAPSHOTS: '20' });
  });
});
