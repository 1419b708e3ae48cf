import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ObjectConflictError, ObjectStore, type ObjectStoreSettings } from '@watchnext/object-store';
import { createTestBucket, eventually, FaultProxy, requireServer, temporaryDirectory } from '../src';

const endpoint = requireServer('an S3 test server', 'WATCHNEXT_S3_ENDPOINT');

if (endpoint) {
  describe('object store behind a bad network', () => {
    let settings: ObjectStoreSettings;
    let proxy: FaultProxy;
    let direct: ObjectStore;
    let objects: ObjectStore;
    let directory: { path: string; remove(): Promise<void> };
    beforeEach(async () => {
      settings = await createTestBucket(endpoint);
      proxy = await FaultProxy.start(Number(new URL(endpoint).port));
      direct = new ObjectStore(settings);
      objects = new ObjectStore({ ...settings, endpoint: `http://127.0.0.1:${proxy.port}` });
      directory = await temporaryDirectory('object-store');
    });
    afterEach(async () => {
      direct.close();
      objects.close();
      await proxy.stop();
      await directory.remove();
    });

    /** Lets the answer to what `send` asks for be lost, once the server has done it. */
    async function loseAnswer<Result>(key: string, send: () => Promise<Result>): Promise<Result> {
      proxy.set({ downstream: { hang: true } });
      const sent = send();
      sent.catch(() => undefined);
      await eventually(async () => expect(await direct.exists(key)).toBe(true));
      proxy.reset();
      proxy.set({});
      return sent;
    }

    it('recognises its own conditional write when the answer to it was lost', async () => {
      const version = await loseAnswer('pointer', () => objects.write('pointer', 'one', { ifAbsent: true }));
      expect(version).toBe((await direct.read('pointer')).version);
      await expect(objects.write('pointer', 'two', { ifAbsent: true })).rejects.toBeInstanceOf(ObjectConflictError);
      await direct.write('pointer', 'by another', { ifVersion: version });
      await expect(objects.write('pointer', 'two', { ifVersion: version })).rejects.toBeInstanceOf(ObjectConflictError);
      expect((await direct.read('pointer')).bytes.toString()).toBe('by another');
    });

    it('recognises its own upload when the answer to it was lost', async () => {
      const path = join(directory.path, 'file');
      await writeFile(path, Buffer.alloc(300_000, 7));
      await loseAnswer('file', () => objects.upload('file', path, { ifAbsent: true }));
      await expect(objects.upload('file', path, { ifAbsent: true })).rejects.toBeInstanceOf(ObjectConflictError);
      await objects.download('file', join(directory.path, 'copy'));
    });

    it('ends calls in time where nothing answers, and a transfer that stands still', async () => {
      const path = join(directory.path, 'file');
      await writeFile(path, Buffer.alloc(300_000, 7));
      await direct.upload('file', path);
      const hasty = new ObjectStore({ ...settings, endpoint: `http://127.0.0.1:${proxy.port}`, requestTimeoutMs: 300 });
      proxy.set({ downstream: { hang: true } });
      const [read, ...transfers] = await Promise.allSettled([
        hasty.read('file'),
        hasty.upload('other', path),
        hasty.download('file', join(directory.path, 'copy')),
      ]);
      const endedBy = (limit: string) => ({
        status: 'rejected',
        reason: { code: 'object-store-unavailable', retriable: true, message: expect.stringContaining(limit) },
      });
      expect(read).toMatchObject(endedBy('no answer within 300 ms'));
      for (const transfer of transfers) expect(transfer).toMatchObject(endedBy('nothing moved for 300 ms'));
      hasty.close();
    });
  });
}
