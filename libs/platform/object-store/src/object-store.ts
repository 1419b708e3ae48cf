/**
 * The few operations on S3-compatible storage that the stores above need. Conditional writes (If-Match, If-None-Match)
 * are required of the server: AWS S3, MinIO, Ceph and Google's S3 interface honour them.
 *
 * A conditional write whose answer was lost meets itself when it is tried again. Each carries an id of its own in the
 * object's metadata, so that a writer recognises its own write instead of reporting a conflict.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { ObjectConflictError, ObjectNotFoundError, ObjectStoreError, translate } from './errors';
import { StallGuard } from './stall-guard';

export interface ObjectStoreSettings {
  readonly bucket: string;
  /** Put before every key; "" or ending with "/". */
  readonly prefix: string;
  readonly region: string;
  /** Of a server that is not AWS. */
  readonly endpoint?: string;
  /** Default: the SDK's own chain (environment, profile, role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** No call for a small object takes longer, tries and pauses included; no transfer of a file stands still longer. */
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

const noop = (): void => undefined;
/** Metadata key of the id that a conditional write gives to what it wrote. */
const WRITE_ID_NOTE = 'write-id';
const MAX_ATTEMPTS = 4;
const FIRST_RETRY_DELAY_MS = 100;
/** S3 takes no larger object in one request. */
const MAX_UPLOAD_BYTES = 5 * 2 ** 30;

export class ObjectStore {
  private readonly client: S3Client;

  constructor(private readonly settings: ObjectStoreSettings) {
    const { requestTimeoutMs } = settings;
    this.client = new S3Client({
      region: settings.region,
      endpoint: settings.endpoint,
      // Servers of one's own rarely have a host name for each bucket.
      forcePathStyle: settings.endpoint !== undefined,
      credentials: settings.credentials,
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: { connectionTimeout: requestTimeoutMs, socketTimeout: requestTimeoutMs },
      // Older servers reject the checksum trailers that newer SDKs add by themselves; Content-MD5 is known to all.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // Failures are reported by what is thrown; the SDK would print some besides.
      logger: { debug: noop, info: noop, warn: noop, error: noop },
    });
  }

  /** A whole small object. @throws ObjectNotFoundError */
  async read(key: string): Promise<ReadObject> {
    return this.attempt(`read ${key}`, key, async (abortSignal) => {
      const { Body, ETag, Metadata } = await this.client.send(new GetObjectCommand(this.at(key)), { abortSignal });
      return {
        bytes: Buffer.from((await Body?.transformToByteArray()) ?? []),
        version: ETag ?? '',
        notes: Metadata ?? {},
      };
    });
  }

  async exists(key: string): Promise<boolean> {
    return (await this.headOf(key)) !== undefined;
  }

  /** When an object was written, by the server's clock, to the second; undefined where there is none. */
  async writtenAtMs(key: string): Promise<number | undefined> {
    return (await this.headOf(key))?.writtenAtMs;
  }

  /**
   * Streams an object into a new file.
   * @param stopping aborted, the download ends at once
   * @throws ObjectNotFoundError, LocalDiskError, the reason of `stopping`; after any failure the file may be there in part
   */
  async download(key: string, path: string, stopping?: AbortSignal): Promise<void> {
    const run = async (guard: StallGuard) => {
      const signal = stopping ? AbortSignal.any([guard.signal, stopping]) : guard.signal;
      const { Body, ContentLength } = await this.client.send(new GetObjectCommand(this.at(key)), {
        abortSignal: signal,
      });
      await pipeline(Body as Readable, guard.watch(), createWriteStream(path), { signal });
      const { size } = await stat(path);
      if (ContentLength !== undefined && size !== ContentLength)
        throw new Error(`${size} of ${ContentLength} bytes came`);
    };
    await this.transfer(`download ${key}`, key, run, stopping);
  }

  /**
   * Content and notes change together.
   * @returns the new version
   * @throws ObjectConflictError when the condition does not hold; then nothing was written
   */
  async write(
    key: string,
    bytes: Uint8Array | string,
    condition?: WriteCondition,
    notes?: Record<string, string>,
  ): Promise<string> {
    const request = this.conditional({ ...this.at(key), Body: bytes, Metadata: notes }, condition);
    try {
      return await this.attempt(`write ${key}`, key, async (abortSignal) => {
        const { ETag } = await this.client.send(new PutObjectCommand(request), { abortSignal });
        return ETag ?? '';
      });
    } catch (error) {
      const own = error instanceof ObjectConflictError ? await this.headOf(key) : undefined;
      if (own && own.writeId === request.Metadata?.[WRITE_ID_NOTE]) return own.version;
      throw error;
    }
  }

  /**
   * Streams a file of at most 5 GiB into an object; the server compares its MD5 with what arrived.
   * @throws ObjectConflictError when the condition does not hold; then nothing was written
   */
  async upload(key: string, path: string, condition?: WriteCondition): Promise<void> {
    const { size } = await stat(path);
    if (size > MAX_UPLOAD_BYTES) {
      throw new ObjectStoreError(`${key} is larger than the 5 GiB of one upload`, 'object-too-large', false);
    }
    const request = this.conditional(
      { ...this.at(key), ContentLength: size, ContentMD5: await md5Of(path) },
      condition,
    );
    try {
      await this.transfer(`upload ${key}`, key, async (guard) => {
        const body = guard.watch();
        const reading = pipeline(createReadStream(path), body);
        // Its failure reaches the request through `body`.
        reading.catch(() => undefined);
        try {
          await this.client.send(new PutObjectCommand({ ...request, Body: body }), { abortSignal: guard.signal });
        } finally {
          body.destroy();
        }
      });
    } catch (error) {
      const own = error instanceof ObjectConflictError ? await this.headOf(key) : undefined;
      if (own?.writeId === undefined || own.writeId !== request.Metadata?.[WRITE_ID_NOTE]) throw error;
    }
  }

  /** Every object whose key starts with `prefix`, ascending by key. */
  async *list(prefix: string): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const page = await this.listPage(prefix, token);
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
      const page = await this.listPage(prefix, token, '/');
      const start = this.settings.prefix.length + prefix.length;
      folders.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => (Prefix as string).slice(start, -1)));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return folders;
  }

  async remove(key: string): Promise<void> {
    await this.attempt(`remove ${key}`, key, (abortSignal) =>
      this.client.send(new DeleteObjectCommand(this.at(key)), { abortSignal }),
    );
  }

  close(): void {
    this.client.destroy();
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: this.settings.prefix + key };
  }

  private conditional(request: PutObjectCommandInput, condition: WriteCondition | undefined): PutObjectCommandInput {
    if (condition === undefined) return request;
    const header = 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.ifVersion };
    return { ...request, ...header, Metadata: { ...request.Metadata, [WRITE_ID_NOTE]: randomUUID() } };
  }

  private listPage(prefix: string, token: string | undefined, delimiter?: string) {
    return this.attempt(`list ${prefix}`, prefix, (abortSignal) =>
      this.client.send(
        new ListObjectsV2Command({
          Bucket: this.settings.bucket,
          Prefix: this.settings.prefix + prefix,
          Delimiter: delimiter,
          ContinuationToken: token,
        }),
        { abortSignal },
      ),
    );
  }

  private async headOf(
    key: string,
  ): Promise<{ version: string; writeId: string | undefined; writtenAtMs: number } | undefined> {
    try {
      return await this.attempt(`look at ${key}`, key, async (abortSignal) => {
        const { ETag, LastModified, Metadata } = await this.client.send(new HeadObjectCommand(this.at(key)), {
          abortSignal,
        });
        // Every server tells it; of one that does not, nothing counts as old.
        return {
          version: ETag ?? '',
          writeId: Metadata?.[WRITE_ID_NOTE],
          writtenAtMs: LastModified?.getTime() ?? Infinity,
        };
      });
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return undefined;
      throw error;
    }
  }

  private async attempt<Result>(
    what: string,
    key: string,
    run: (abortSignal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    // A timer that holds the process, unlike AbortSignal.timeout: what is waited for must come to an end.
    const abort = new AbortController();
    const { requestTimeoutMs } = this.settings;
    const timer = setTimeout(() => abort.abort(), requestTimeoutMs);
    try {
      return await run(abort.signal);
    } catch (error) {
      throw translate(what, key, abort.signal.aborted ? new Error(`no answer within ${requestTimeoutMs} ms`) : error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The SDK does not repeat what streams: each try here begins the file anew. */
  private async transfer(
    what: string,
    key: string,
    run: (guard: StallGuard) => Promise<void>,
    stopping?: AbortSignal,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const guard = new StallGuard(this.settings.requestTimeoutMs);
      try {
        return await run(guard);
      } catch (error) {
        stopping?.throwIfAborted();
        const failure = translate(what, key, guard.stalled ?? error);
        const again = failure.code === 'object-store-unavailable' && !guard.stalled && attempt < MAX_ATTEMPTS;
        if (!again) throw failure;
      } finally {
        guard.stop();
      }
      await sleep(FIRST_RETRY_DELAY_MS * 2 ** (attempt - 1));
    }
  }
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5');
  await pipeline(createReadStream(path), hash);
  return hash.digest('base64');
}
