import { randomUUID } from 'node:crypto';
import { createTestBucket, requireServer } from '@watchnext/testing';

const brokers = requireServer('Kafka', 'WATCHNEXT_KAFKA_BROKERS');
const redis = requireServer('Redis', 'WATCHNEXT_REDIS_URL');
const s3 = requireServer('an S3 server', 'WATCHNEXT_S3_ENDPOINT');

/** Whether the environment has all the servers; where not, skipped specs say which are missing. */
export const hasRealStack = Boolean(brokers && redis && s3);

/** A namespace and a bucket for each run. */
export async function realStack(): Promise<Record<string, string>> {
  const run = `e2e-${randomUUID()}`;
  const bucket = await createTestBucket(s3 as string);
  return {
    WATCHNEXT_EVENT_LOG: 'kafka',
    WATCHNEXT_KAFKA_BROKERS: brokers as string,
    WATCHNEXT_KAFKA_NAMESPACE: `${run}.`,
    WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS: '6000',
    WATCHNEXT_FEATURE_STORE: 'redis',
    WATCHNEXT_REDIS_URL: redis as string,
    WATCHNEXT_REDIS_NAMESPACE: run,
    WATCHNEXT_OBJECT_STORE: 's3',
    WATCHNEXT_S3_ENDPOINT: s3 as string,
    WATCHNEXT_S3_BUCKET: bucket.bucket,
    WATCHNEXT_S3_PREFIX: run,
    WATCHNEXT_S3_ACCESS_KEY_ID: bucket.credentials?.accessKeyId as string,
    WATCHNEXT_S3_SECRET_ACCESS_KEY: bucket.credentials?.secretAccessKey as string,
  };
}
