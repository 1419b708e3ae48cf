import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStoreSettings } from '@watchnext/object-store';

/** A bucket of its own on a local S3 test server, which takes any credentials. */
export async function createTestBucket(endpoint: string): Promise<ObjectStoreSettings> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const bucket = `test-${randomUUID()}`;
  const client = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return { bucket, prefix: 'store/', region: 'us-east-1', endpoint, credentials, requestTimeoutMs: 60_000 };
}
