import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { SnapshotManifest } from '@watchnext/contract';
import { LocalDiskError } from '@watchnext/object-store';
import { describeFiles, digestText } from '../digests';
import { SNAPSHOT_FORMAT_VERSION } from '../layout';
import { encodeManifest } from '../manifest';
import type { SnapshotStore } from '../port';
import { openS3SnapshotStore } from './s3-snapshot-store';
import { SnapshotCache } from './snapshot-cache';

const settingsOf = (server: Server) => ({
  bucket: 'spec',
  prefix: '',
  region: 'eu-central-1',
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  credentials: { accessKeyId: 'spec', secretAccessKey: 'spec' },
  requestTimeoutMs: 4_000,
});

describe('a snapshot store in object storage', () => {
  let server: Server;
  let store: SnapshotStore;

  beforeEach(async () => {
    const manifest = { snapshotId: 's1', formatVersion: SNAPSHOT_FORMAT_VERSION };
    const { text } = encodeManifest(SnapshotManifest.fromPartial(manifest));
    server = createServer((_request, response) => {
      response.writeHead(200, { 'x-amz-meta-sha256': digestText(text) });
      response.end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    store = openS3SnapshotStore(settingsOf(server), { cacheDirectory: tmpdir() });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await store.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const systemError = (code: string) => Object.assign(new Error(code), { code });
  it.each([
    ['the disk', 'is full', systemError('ENOSPC'), { code: 'local-disk', retriable: false }],
    ['the disk', 'was found full by a download', new LocalDiskError('full'), { code: 'local-disk', retriable: false }],
    ['the disk', 'is read-only', systemError('EROFS'), { code: 'local-disk', retriable: false }],
    ['the storage', 'fails otherwise', systemError('EIO'), { code: 'snapshot-store-unavailable', retriable: true }],
  ])('blames %s where it %s', async (_, __, error, expected) => {
    jest.spyOn(SnapshotCache.prototype, 'fetch').mockRejectedValue(error);
    await expect(store.fetch('s1')).rejects.toMatchObject(expected);
  });
});

describe('a publication that the storage broke off', () => {
  let server: Server;
  let store: SnapshotStore;
  let directory: string;
  let written: string[];
  let refusing: string | undefined;

  beforeEach(async () => {
    written = [];
    server = createServer(async (request, response) => {
      const file = basename(new URL(request.url as string, 'http://spec').pathname);
      await buffer(request);
      if (request.method === 'HEAD') response.writeHead(written.includes(file) ? 200 : 404);
      else if (file === refusing) response.writeHead(503);
      else written.push(file);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    directory = await mkdtemp(join(tmpdir(), 'watchnext-s3-publication-'));
    store = openS3SnapshotStore(settingsOf(server), { cacheDirectory: tmpdir() });
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('goes on with the files that are missing', async () => {
    for (const file of ['a.bin', 'b.bin', 'c.bin']) await writeFile(join(directory, file), file);
    const files = await describeFiles(directory);
    const manifest = SnapshotManifest.fromPartial({ snapshotId: 's1', formatVersion: SNAPSHOT_FORMAT_VERSION, files });
    refusing = 'b.bin';
    await expect(store.publish(directory, manifest)).rejects.toMatchObject({ retriable: true });
    expect(written).toEqual(['a.bin']);
    refusing = undefined;
    await store.publish(directory, manifest);
    expect(written).toEqual(['a.bin', 'b.bin', 'c.bin', 'manifest.json']);
  });
});
