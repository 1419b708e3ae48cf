import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ObjectStore } from './object-store';

describe('a download', () => {
  let server: Server;
  let objects: ObjectStore;
  let requestCount: number;

  beforeEach(async () => {
    requestCount = 0;
    server = createServer((_request, response) => {
      requestCount++;
      response.end(Buffer.alloc(100_000, 7));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    objects = new ObjectStore({
      bucket: 'spec',
      prefix: '',
      region: 'eu-central-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'spec', secretAccessKey: 'spec' },
      requestTimeoutMs: 4_000,
    });
  });
  afterEach(async () => {
    objects.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  // Linux alone has a device that is always full.
  (process.platform === 'linux' ? it : it.skip)('to a full disk is made once, and blames the disk', async () => {
    await expect(objects.download('file', '/dev/full')).rejects.toMatchObject({
      code: 'local-disk',
      retriable: false,
      message: expect.stringContaining('ENOSPC') as string,
    });
    expect(requestCount).toBe(1);
  });

  it('that the storage breaks off is made anew', async () => {
    server.removeAllListeners('request');
    server.on('request', (_request, response) => {
      requestCount++;
      response.writeHead(200, { 'content-length': 100 });
      response.write('some', () => response.socket?.end());
    });
    const path = join(tmpdir(), `watchnext-download-${process.pid}`);
    await expect(objects.download('file', path)).rejects.toMatchObject({ code: 'object-store-unavailable' });
    expect(requestCount).toBe(4);
  });
});
