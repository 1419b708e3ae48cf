import { readdir, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { openS3Archive, type EventArchive } from '@watchnext/event-archive';
import { ObjectStore, type ObjectStoreSettings } from '@watchnext/object-store';
import {
  archiveRecords,
  createTestBucket,
  describeEventArchive,
  readAll,
  requireServer,
  temporaryDirectory,
} from '../src';
import { open } from './drivers/s3-archive';

const endpoint = requireServer('an S3 test server', 'WATCHNEXT_S3_ENDPOINT');
const TOPIC = TOPICS.activity;

async function keysOf(objects: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list('')) keys.push(key);
  return keys;
}

if (endpoint) {
  describeEventArchive('Parquet in S3', async () => {
    const settings = await createTestBucket(endpoint);
    const caches = await temporaryDirectory('s3-archive');
    const objects = new ObjectStore(settings);
    const location = JSON.stringify({ ...settings, caches: caches.path });
    const handles: EventArchive[] = [];
    return {
      async open() {
        const handle = await open(location);
        handles.push(handle);
        return handle;
      },
      module: require.resolve('./drivers/s3-archive'),
      location,
      files: () => keysOf(objects),
      async damage(file, change) {
        const changed = change((await objects.read(file)).bytes);
        if (changed) await objects.write(file, changed);
        else await objects.remove(file);
      },
      async dispose() {
        await Promise.all(handles.map((handle) => handle.close()));
        objects.close();
        await caches.remove();
      },
    };
  });

  describe('Parquet archive in S3', () => {
    let settings: ObjectStoreSettings;
    let cache: { path: string; remove(): Promise<void> };
    const opened: { close(): Promise<void> | void }[] = [];
    const openWith = (changes: Partial<ObjectStoreSettings>, cacheLimitBytes?: number) => {
      const archive = openS3Archive({ ...settings, ...changes }, { cacheDirectory: cache.path, cacheLimitBytes });
      opened.push(archive);
      return archive;
    };
    const cachedBytes = async () => {
      const folder = join(cache.path, 'files');
      const sizes = await Promise.all(
        (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    beforeEach(async () => {
      settings = await createTestBucket(endpoint);
      cache = await temporaryDirectory('s3-archive');
    });
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
      await cache.remove();
    });

    it('reads a plan larger than its cache, within the bound, and leaves nothing on its way in', async () => {
      const writer = openWith({});
      for (const partition of [0, 1, 2, 3]) {
        for (const from of [0, 500]) await writer.write(TOPIC, partition, archiveRecords(from, 500, { partition }));
      }
      const objects = new ObjectStore(settings);
      opened.push(objects);
      let total = 0;
      for await (const { sizeBytes } of objects.list('')) total += sizeBytes;
      const limitBytes = Math.ceil(total / 3);
      const reader = openWith({}, limitBytes);
      for (const order of ['offset', 'key'] as const) {
        expect(await readAll(reader, TOPIC, { order })).toHaveLength(4_000);
        expect(await cachedBytes()).toBeLessThanOrEqual(limitBytes);
      }
      expect((await reader.extent(TOPIC)).recordCount).toBe(4_000);
      expect(await cachedBytes()).toBeLessThanOrEqual(limitBytes);
      expect(await readdir(join(cache.path, 'incoming'))).toEqual([]);
    });

    it('asks for no list to go on where it ended, and else for those of the partition alone', async () => {
      const listed: string[] = [];
      const { list, listFolders } = ObjectStore.prototype;
      const spies = [
        jest.spyOn(ObjectStore.prototype, 'list').mockImplementation(function (this: ObjectStore, prefix) {
          listed.push(prefix);
          return list.call(this, prefix);
        }),
        jest.spyOn(ObjectStore.prototype, 'listFolders').mockImplementation(function (this: ObjectStore, prefix) {
          listed.push(prefix);
          return listFolders.call(this, prefix);
        }),
      ];
      try {
        const archive = openWith({});
        await archive.write(TOPIC, 3, archiveRecords(0, 10, { partition: 3 }));
        listed.length = 0;
        for (const from of [10, 20, 30]) await archive.write(TOPIC, 3, archiveRecords(from, 10, { partition: 3 }));
        expect(listed).toEqual([]);
        expect(await archive.nextOffset(TOPIC, 3)).toBe(40);
        expect(await archive.firstOffset(TOPIC, 3)).toBe(0);
        const ofPartition = `${TOPIC}/dt=2026-11-23/p00003-`;
        expect(listed).toEqual([`${TOPIC}/`, ofPartition, `${TOPIC}/`, ofPartition]);
      } finally {
        for (const spy of spies) spy.mockRestore();
      }
    });

    it('fetches a cached file anew when the copy was damaged', async () => {
      const archive = openWith({});
      await archive.write(TOPIC, 0, archiveRecords(0, 100));
      await readAll(archive, TOPIC, { order: 'key' });
      const [copy] = await readdir(join(cache.path, 'files'));
      await writeFile(join(cache.path, 'files', copy as string), 'damaged');
      expect(await readAll(archive, TOPIC, { order: 'key' })).toHaveLength(100);
    });

    it('takes nothing of an upload that tore, and all of its repetition', async () => {
      const { hostname, port } = new URL(endpoint);
      const torn = await tearingProxy({ host: hostname, port: Number(port) });
      opened.push(torn);
      const archive = openWith({ endpoint: `http://127.0.0.1:${torn.port}` });
      torn.tearAfterBytes = 20_000;
      await expect(archive.write(TOPIC, 0, archiveRecords(0, 3_000))).rejects.toMatchObject({ code: 'archive-write' });
      const objects = new ObjectStore(settings);
      opened.push(objects);
      expect(await keysOf(objects)).toEqual([]);
      torn.tearAfterBytes = Infinity;
      await archive.write(TOPIC, 0, archiveRecords(0, 3_000));
      expect(await archive.nextOffset(TOPIC, 0)).toBe(3_000);
      expect(await readAll(archive, TOPIC, { order: 'offset' })).toHaveLength(3_000);
    });

    it('says in time that the storage does not answer', async () => {
      const silent = createServer(() => undefined);
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      opened.push({ close: () => void silent.close() });
      const address = silent.address() as { port: number };
      const archive = openWith({ endpoint: `http://127.0.0.1:${address.port}`, requestTimeoutMs: 300 });
      await expect(archive.nextOffset(TOPIC, 0)).rejects.toMatchObject({ code: 'archive-read', retriable: true });
      await expect(archive.write(TOPIC, 0, archiveRecords(0, 10))).rejects.toMatchObject({ code: 'archive-write' });
    });
  });
}

/** Cuts each connection once so many bytes went to the server. */
async function tearingProxy(target: { host: string; port: number }) {
  const proxy = { tearAfterBytes: Infinity, port: 0, close: () => void server.close() };
  const server: Server = createServer((client) => {
    const upstream = connect(target);
    let bytes = 0;
    client.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > proxy.tearAfterBytes) {
        client.destroy();
        upstream.destroy();
      } else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => client.write(chunk));
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => [client, upstream].forEach((one) => one.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.port = (server.address() as { port: number }).port;
  return proxy;
}
