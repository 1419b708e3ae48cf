/** The same days of the same programs, on Kafka and Redis, and on S3 where there is a server of it. */
import { randomUUID } from 'node:crypto';
import { createTestBucket, requireServer } from '@watchnext/testing';
import { describeSystem } from './describe-system';

jest.setTimeout(360_000);

const brokers = requireServer('Kafka', 'WATCHNEXT_KAFKA_BROKERS');
const redis = requireServer('Redis', 'WATCHNEXT_REDIS_URL');
const s3 = requireServer('an S3 server', 'WATCHNEXT_S3_ENDPOINT');

if (brokers && redis && s3) {
  describeSystem('Kafka, Redis and S3', async () => {
    const run = `e2e-${randomUUID()}`;
    const bucket = await createTestBucket(s3);
    return {
      WATCHNEXT_EVENT_LOG: 'kafka',
      WATCHNEXT_KAFKA_BROKERS: brokers,
      WATCHNEXT_KAFKA_NAMESPACE: `${run}.`,
      WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS: '6000',
      WATCHNEXT_FEATURE_STORE: 'redis',
      WATCHNEXT_REDIS_URL: redis,
      WATCHNEXT_REDIS_NAMESPACE: run,
      WATCHNEXT_OBJECT_STORE: 's3',
      WATCHNEXT_S3_ENDPOINT: s3,
      WATCHNEXT_S3_BUCKET: bucket.bucket,
      WATCHNEXT_S3_PREFIX: run,
      WATCHNEXT_S3_ACCESS_KEY_ID: bucket.credentials?.accessKeyId as string,
      WATCHNEXT_S3_SECRET_ACCESS_KEY: bucket.credentials?.secretAccessKey as string,
    };
  });
}
