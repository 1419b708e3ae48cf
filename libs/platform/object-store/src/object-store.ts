/**
 * The few operations on S3-compatible storage that the stores above need. Conditional writes (If-Match, If-None-Match)
 * are required of the server: AWS S3, MinIO, Ceph and Google's S3 interface honour them.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ObjectConflictError, ObjectNotFoundError, ObjectStoreError, ObjectStoreUnavailableError } from './errors';

export interface ObjectStoreSettings {
  readonly bucket: string;
  /** Put before every key; "" or ending with "/". */
  readonly prefix: string;
  readonly region: string;
  /** Of a server that is not AWS. */
  readonly endpoint?: string;
  /** Default: the SDK's own chain (environment, profile, role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** No connection takes longer to open, and no answer longer to begin. */
  readonly requestTimeoutMs: number;
}

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
}

export interface ReadObject {
  readonly bytes: Buffer;
  /** What a later conditional write names. */
  readonly version: string;
  /** What the writer noted about the object: S3's user metadata. */
  readonly notes: Readonly<Record<string, string>>;
}

export type WriteCondition = { readonly ifAbsent: true } | { readonly ifVersion: string };

export class ObjectStore {
  private readonly client: S3Client;

  constructor(private readonly settings: ObjectStoreSettings) {
    this.client = new S3Client({
      region: settings.region,
      endpoint: settings.endpoint,
      // Servers of one's own rarely have a host name for each bucket.
      forcePathStyle: settings.endpoint !== undefined,
      credentials: settings.credentials,
      maxAttempts: 4,
      requestHandler: { connectionTimeout: settings.requestTimeoutMs, requestTimeout: settings.requestTimeoutMs, throwOnRequestTimeout: true },
      // Older servers reject the checksum trailers that newer SDKs add by themselves; our files carry SHA-256 anyway.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** A whole small object. */
  async read(key: string): Promise<ReadObject> {
    return this.attempt(`read ${key}`, key, async () => {
      const { Body, ETag, Metadata } = await this.client.send(new GetObjectCommand(this.at(key)));
      return { bytes: Buffer.from((await Body?.transformToByteArray()) ?? []), version: ETag ?? '', notes: Metadata ?? {} };
    });
  }

  /** Streams an object into a new file. */
  async download(key: string, path: string): Promise<void> {
    await this.attempt(`download ${key}`, key, async () => {
      const { Body } = await this.client.send(new GetObjectCommand(this.at(key)));
      await pipeline(Body as Readable, createWriteStream(path));
    });
  }

  /**
   * Content and notes change together.
   * @returns the new version
   * @throws ObjectConflictError when the condition does not hold; then nothing was written
   */
  async write(key: string, bytes: Uint8Array | string, condition?: WriteCondition, notes?: Record<string, string>): Promise<string> {
    return this.attempt(`write ${key}`, key, async () => {
      const { ETag } = await this.client.send(
        new PutObjectCommand({ ...this.at(key), Body: bytes, Metadata: notes, ...headersOf(condition) }),
      );
      return ETag ?? '';
    });
  }

  async upload(key: string, path: string, condition?: WriteCondition): Promise<void> {
    const { size } = await stat(path);
    await this.attempt(`upload ${key}`, key, () =>
      this.client.send(
        new PutObjectCommand({ ...this.at(key), Body: createReadStream(path), ContentLength: size, ...headersOf(condition) }),
      ),
    );
  }

  /** Every object whose key starts with `prefix`, ascending by key. */
  async *list(prefix: string): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const page = await this.attempt(`list ${prefix}`, prefix, () =>
        this.client.send(
          new ListObjectsV2Command({ Bucket: this.settings.bucket, Prefix: this.settings.prefix + prefix, ContinuationToken: token }),
        ),
      );
      for (const { Key, Size } of page.Contents ?? []) {
        yield { key: (Key as string).slice(this.settings.prefix.length), sizeBytes: Size ?? 0 };
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  /** Names right below a prefix that ends with "/": "folders" in S3's sense. */
  async listFolders(prefix: string): Promise<string[]> {
    const folders: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.attempt(`list ${prefix}`, prefix, () =>
        this.client.send(
          new ListObjectsV2Command({
            Bucket: this.settings.bucket,
            Prefix: this.settings.prefix + prefix,
            Delimiter: '/',
            ContinuationToken: token,
          }),
        ),
      );
      const start = this.settings.prefix.length + prefix.length;
      folders.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => (Prefix as string).slice(start, -1)));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return folders;
  }

  async remove(key: string): Promise<void> {
    await this.attempt(`remove ${key}`, key, () => this.client.send(new DeleteObjectCommand(this.at(key))));
  }

  close(): void {
    this.client.destroy();
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: this.settings.prefix + key };
  }

  private async attempt<Result>(what: string, key: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw translate(what, key, error);
    }
  }
}

function headersOf(condition: WriteCondition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.ifVersion };
}

function translate(what: string, key: string, error: unknown): Error {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (name === 'NoSuchBucket') return new ObjectStoreError(`the bucket does not exist (${what})`, 'no-bucket', false, { cause: error });
  if (name === 'NoSuchKey' || status === 404) return new ObjectNotFoundError(key, { cause: error });
  // 409: two conditional writes of one key at once, of which the server let the other one go first.
  if (status === 412 || status === 409) return new ObjectConflictError(key, { cause: error });
  if (status === 401 || status === 403) {
    return new ObjectStoreError(`object storage refused to ${what}: check the credentials and their rights`, 'not-authorised', false, {
      cause: error,
    });
  }
  return new ObjectStoreUnavailableError(`object storage could not ${what}: ${message}`, { cause: error });
}
