import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { SnapshotManifest } from '@watchnext/contract';
import { LocalDiskError } from '@watchnext/object-store';
import { digestText } from '../digests';
import { SNAPSHOT_FORMAT_VERSION } from '../layout';
import { encodeManifest } from '../manifest';
import type { SnapshotStore } from '../port';
import { openS3SnapshotStore } from './s3-snapshot-store';
import { SnapshotCache } from './snapshot-cache';

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
    store = openS3SnapshotStore(
      {
        bucket: 'spec',
        prefix: '',
        region: 'eu-central-1',
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        credentials: { accessKeyId: 'spec', secretAccessKey: 'spec' },
        requestTimeoutMs: 4_000,
      },
      { cacheDirectory: tmpdir() },
    );
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
