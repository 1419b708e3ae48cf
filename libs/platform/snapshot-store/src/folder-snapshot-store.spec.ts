import { Hash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnapshotManifest } from '@watchnext/contract';
import fc from 'fast-check';
import { describeFiles } from './digests';
import { FolderPointer } from './folder-pointer';
import { openFolderSnapshotStore } from './folder-snapshot-store';
import { isSnapshotId, newSnapshotId, SNAPSHOT_FORMAT_VERSION } from './layout';

/** What every driver must do is in the conformance suite (libs/testing); here is what only a folder can do. */
describe('a snapshot store in a folder', () => {
  let root: string;
  let directory: string;
  let source: string;
  let manifest: SnapshotManifest;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'watchnext-snapshot-store-'));
    directory = join(root, 'store');
    source = join(root, 'source');
    await mkdir(source);
    await writeFile(join(source, 'ranker.onnx'), 'weights');
    manifest = SnapshotManifest.fromPartial({
      formatVersion: SNAPSHOT_FORMAT_VERSION,
      snapshotId: 'a',
      createdAtMs: 1_700_000_000_000,
      metrics: [{ name: 'candidates.recall@100', scorer: 'model', value: 0.25 }],
      files: await describeFiles(source),
    });
  });
  afterEach(() => rm(root, { recursive: true }));

  it('is readable without this program: proto3 JSON, and digests for sha256sum', async () => {
    await openFolderSnapshotStore(directory).publish(source, manifest);
    const stored = JSON.parse(await readFile(join(directory, 'a', 'manifest.json'), 'utf8')) as object;
    expect(stored).toMatchObject({ snapshotId: 'a', files: { 'ranker.onnx': { sizeBytes: 7 } } });
    expect(await readFile(join(directory, 'a', 'manifest.sha256'), 'utf8')).toMatch(
      /^[0-9a-f]{64} {2}manifest\.json\n$/,
    );
  });

  it('refuses a snapshot with any one bit flipped in any of its files', async () => {
    const store = openFolderSnapshotStore(directory);
    await store.publish(source, manifest);
    const names = await readdir(join(directory, 'a'));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.nat(7), async (name, place, bit) => {
        const path = join(directory, 'a', name);
        const good = await readFile(path);
        const bad = Buffer.from(good);
        bad[place % good.length] = (bad[place % good.length] as number) ^ (1 << bit);
        await rm(path);
        await writeFile(path, bad);
        const error: unknown = await store.fetch('a').then(
          () => undefined,
          (reason: unknown) => reason,
        );
        await writeFile(path, good);
        expect(['snapshot-corrupt', 'snapshot-format']).toContain((error as { code?: string } | undefined)?.code);
      }),
      { seed: 23, numRuns: 200 },
    );
    await expect(store.fetch('a')).resolves.toMatchObject({ snapshotId: 'a' });
  });

  it('verifies large files beside what else goes on, and stops when told to', async () => {
    await writeFile(join(source, 'table.bin'), Buffer.alloc(64 * 2 ** 20, 7));
    const store = openFolderSnapshotStore(directory);
    await store.publish(source, { ...manifest, files: await describeFiles(source) });
    const hashedHere = jest.spyOn(Hash.prototype, 'update');
    await store.fetch('a');
    const gone = new AbortController();
    const listen = gone.signal.addEventListener.bind(gone.signal);
    // The thread that hashes was just started: this comes before anything that it may say.
    const listening = jest.spyOn(gone.signal, 'addEventListener').mockImplementationOnce((...listener) => {
      listen(...listener);
      setImmediate(() => gone.abort(new Error('the service stops')));
    });
    await expect(store.fetch('a', { signal: gone.signal })).rejects.toThrow('the service stops');
    expect(listening).toHaveBeenCalledTimes(1);
    const bytes = await readFile(join(directory, 'a', 'table.bin'));
    bytes[63 * 2 ** 20]! ^= 1;
    await rm(join(directory, 'a', 'table.bin'));
    await writeFile(join(directory, 'a', 'table.bin'), bytes);
    await expect(store.fetch('a')).rejects.toMatchObject({ code: 'snapshot-corrupt', file: 'table.bin' });
    const byteCount = () => hashedHere.mock.calls.reduce((sum, [data]) => sum + data.length, 0);
    // The manifest, and nothing of the table.
    expect(byteCount()).toBeGreaterThan(0);
    expect(byteCount()).toBeLessThan(100_000);
    await describeFiles(source);
    expect(byteCount()).toBeGreaterThan(64 * 2 ** 20);
    hashedHere.mockRestore();
  });

  it('ignores publications that a crash interrupted, and removes them after a day', async () => {
    await mkdir(join(directory, '.incoming-old-1'), { recursive: true });
    await mkdir(join(directory, '.incoming-new-1'));
    await mkdir(join(directory, 'no-manifest-yet'));
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(directory, '.incoming-old-1'), longAgo, longAgo);
    const store = openFolderSnapshotStore(directory);
    expect(await store.list()).toEqual([]);
    await store.publish(source, manifest);
    expect(await store.list()).toEqual(['a']);
    expect((await readdir(directory)).sort()).toEqual(['.incoming-new-1', 'a', 'no-manifest-yet']);
  });

  it('says which store failed, and how, when the file system does', async () => {
    await writeFile(directory, 'a file in the way');
    const publication = openFolderSnapshotStore(directory).publish(source, manifest);
    await expect(publication).rejects.toMatchObject({
      code: 'snapshot-store-unavailable',
      retriable: true,
      message: expect.stringContaining(directory),
      cause: expect.objectContaining({ code: expect.any(String) }),
    });
  });

  it('does not follow links out of the folder that is published', async () => {
    await rm(join(source, 'ranker.onnx'));
    await writeFile(join(root, 'elsewhere'), 'weights');
    await symlink(join(root, 'elsewhere'), join(source, 'ranker.onnx'));
    const publication = openFolderSnapshotStore(directory).publish(source, manifest);
    await expect(publication).rejects.toMatchObject({ code: 'snapshot-corrupt', file: 'ranker.onnx' });
  });

  describe('its pointer', () => {
    it('keeps a bounded history', async () => {
      const folder = join(root, 'pointer');
      await mkdir(folder);
      const write = (number: number, id: string) =>
        writeFile(join(folder, String(number).padStart(12, '0')), `${id}\n`);
      for (let number = 1; number <= 1_005; number++) await write(number, `s${number}`);
      const pointer = new FolderPointer(folder);
      await pointer.move('s1005', 'next');
      expect(await pointer.read()).toBe('next');
      expect((await readdir(folder)).length).toBe(1_000);
      expect(await stat(join(folder, '000000000006')).catch(() => undefined)).toBeUndefined();
    });

    it('refuses a mover that slept until its number was free again', async () => {
      const folder = join(root, 'pointer');
      await mkdir(folder);
      for (const number of [3_000, 3_001])
        await writeFile(join(folder, String(number).padStart(12, '0')), `s${number}\n`);
      const pointer = new FolderPointer(folder);
      const stale = { number: 1, value: 's1' };
      jest
        .spyOn(pointer as unknown as { readState(): Promise<typeof stale> }, 'readState')
        .mockResolvedValueOnce(stale);
      await expect(pointer.move('s1', 'next')).rejects.toMatchObject({ code: 'pointer-conflict', actual: 's3001' });
      expect((await readdir(folder)).sort()).toEqual(['000000003000', '000000003001']);
    });

    it('is not moved from a value that cannot be read', async () => {
      const folder = join(root, 'pointer');
      await mkdir(folder);
      await writeFile(join(folder, '000000000001'), '');
      await expect(new FolderPointer(folder).read()).rejects.toMatchObject({ code: 'pointer-corrupt' });
    });
  });
});

describe('a snapshot id', () => {
  it('tells when it was made, and sorts by it', () => {
    const atMs = Date.UTC(2026, 10, 23, 23, 10, 32);
    const ids = [0, 1_000, 60_000, 86_400_000].map((afterMs) => newSnapshotId(atMs + afterMs));
    expect(ids[0]).toMatch(/^20261123T231032Z-[0-9a-f]{6}$/);
    expect([...ids].sort()).toEqual(ids);
    expect(ids.every(isSnapshotId)).toBe(true);
  });
});
