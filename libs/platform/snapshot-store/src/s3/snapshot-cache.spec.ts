import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestText, type FileDigests } from '../digests';
import { SnapshotCache } from './snapshot-cache';

const CONTENT = 'x'.repeat(1_000);
const FILES: FileDigests = { 'model.bin': { sha256: digestText(CONTENT), sizeBytes: CONTENT.length } };

describe('a snapshot cache on a disk of its own', () => {
  let directory: string;
  let cache: SnapshotCache;
  let roomCount: number;
  let downloadCount: number;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'watchnext-cache-'));
    cache = new SnapshotCache(directory, 3);
    roomCount = Infinity;
    downloadCount = 0;
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Writes as on a disk that has room for `roomCount` files, those of unfinished fetches among them. */
  const download = async (_path: string, target: string) => {
    downloadCount++;
    const lying = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('model.bin'));
    if (lying.length >= roomCount) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    await writeFile(target, CONTENT);
  };
  const fetchAll = async (...ids: string[]) => {
    for (const [i, id] of ids.entries()) {
      await cache.fetch(id, FILES, download);
      const atSeconds = 1_000 + i;
      await utimes(join(directory, id), atSeconds, atSeconds);
    }
  };
  const kept = async () => (await readdir(directory)).sort();

  it('makes room before it fetches, and needs none for one more than it keeps', async () => {
    roomCount = 3;
    await fetchAll('a', 'b', 'c', 'd');
    expect(await kept()).toEqual(['b', 'c', 'd']);
    expect(downloadCount).toBe(4);
  });

  it('gives up what was used longest ago where the disk has no room for as many', async () => {
    await fetchAll('a', 'b', 'c');
    roomCount = 2;
    await fetchAll('d');
    expect(await kept()).toEqual(['c', 'd']);
  });

  it('keeps the one used last where there is no room at all, and says what the disk said', async () => {
    await fetchAll('a', 'b', 'c');
    roomCount = 0;
    downloadCount = 0;
    await expect(cache.fetch('d', FILES, download)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await kept()).toEqual(['c']);
    expect(downloadCount).toBe(2);
  });

  describe('of several files', () => {
    const names = ['a.bin', 'b.bin', 'c.bin'];
    const files: FileDigests = Object.fromEntries(
      names.map((name) => [name, { sha256: digestText(name), sizeBytes: name.length }]),
    );
    /** Each file's content is its name, but for what is said otherwise. */
    const bringing = (asked: string[], otherwise: Record<string, string | Error> = {}) =>
      cache.fetch('s', files, async (path, target) => {
        asked.push(path);
        const content = otherwise[path] ?? path;
        if (content instanceof Error) throw content;
        await writeFile(target, content);
      });

    it.each([
      ['broken off', new Error('the connection broke'), 'the connection broke'],
      ['damaged on its way', 'B.bin', 'b.bin'],
      ['refused by a full disk', Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), 'ENOSPC'],
    ])('goes on with those that are missing after one was %s', async (_, fault, says) => {
      await expect(bringing([], { 'b.bin': fault })).rejects.toThrow(says);
      expect(await kept()).toEqual(['s']);
      expect(await readdir(join(directory, 's'))).toEqual(['a.bin']);
      const asked: string[] = [];
      await bringing(asked);
      expect(asked).toEqual(['b.bin', 'c.bin']);
      expect((await readdir(join(directory, 's'))).sort()).toEqual(names);
    });

    it('does not bring again what is there once it has made room', async () => {
      await fetchAll('x', 'y');
      const asked: string[] = [];
      let isFull = true;
      await cache.fetch('s', files, async (path, target) => {
        asked.push(path);
        if (path === 'b.bin' && isFull) {
          isFull = false;
          throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        }
        await writeFile(target, path);
      });
      expect(asked).toEqual(['a.bin', 'b.bin', 'b.bin', 'c.bin']);
      expect(await kept()).toEqual(['s', 'y']);
    });

    it('brings again what another process has moved away while the rest came', async () => {
      const asked: string[] = [];
      let isAlone = false;
      await cache.fetch('s', files, async (path, target) => {
        asked.push(path);
        if (path === 'c.bin' && !isAlone) {
          isAlone = true;
          await rm(join(directory, 's'), { recursive: true });
        }
        await writeFile(target, path);
      });
      expect(asked).toEqual([...names, 'a.bin', 'b.bin']);
      expect((await readdir(join(directory, 's'))).sort()).toEqual(names);
    });
  });

  it('gives up nothing more where it was the transfer that failed', async () => {
    await fetchAll('a', 'b', 'c');
    const broken = () => Promise.reject(new Error('the connection broke'));
    await expect(cache.fetch('d', FILES, broken)).rejects.toThrow('the connection broke');
    expect(await kept()).toEqual(['b', 'c']);
    expect((await stat(join(directory, 'b'))).isDirectory()).toBe(true);
  });
});
