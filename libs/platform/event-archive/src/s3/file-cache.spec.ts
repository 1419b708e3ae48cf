import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileCache } from './file-cache';

jest.mock('node:fs/promises', () => {
  const actual = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
  return { ...actual, rm: jest.fn(actual.rm) };
});

const FILE = { key: 'activity/dt=2026-11-23/p00000.parquet', sizeBytes: 5 };
const fine = async () => undefined;

describe('copies of remote files', () => {
  let directory: string;
  let cache: FileCache;
  let downloads: number;
  const download = async (path: string) => {
    downloads += 1;
    await writeFile(path, 'bytes');
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'watchnext-file-cache-'));
    cache = new FileCache(directory, 100);
    downloads = 0;
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are fetched once where several ask for one at the same time', async () => {
    const acquire = () => cache.acquire(FILE, download, undefined, fine);
    const paths = await Promise.all([acquire(), acquire(), acquire()]);
    expect(downloads).toBe(1);
    expect(new Set(paths).size).toBe(1);
    expect(await readFile(paths[0]!, 'utf8')).toBe('bytes');
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('are fetched again by who asks after a fetch that failed, for whoever waited for it too', async () => {
    const fail = async () => {
      throw new Error('no connection');
    };
    const failed = await Promise.allSettled([
      cache.acquire(FILE, fail, undefined, fine),
      cache.acquire(FILE, fail, undefined, fine),
    ]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await readdir(directory)).toEqual([]);
    const path = await cache.acquire(FILE, download, undefined, fine);
    expect(await readFile(path, 'utf8')).toBe('bytes');
  });

  it('are fetched once their folder can be made, and again once it is gone', async () => {
    await rm(directory, { recursive: true });
    await writeFile(directory, 'a file in its place');
    await expect(cache.makeRoom([FILE])).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(cache.acquire(FILE, download, undefined, fine)).rejects.toMatchObject({ code: 'EEXIST' });
    await rm(directory);
    for (const times of [1, 2]) {
      await cache.makeRoom([FILE]);
      expect(await readFile(await cache.acquire(FILE, download, undefined, fine), 'utf8')).toBe('bytes');
      cache.release(FILE);
      expect(downloads).toBe(times);
      await rm(directory, { recursive: true });
    }
    await cache.makeRoom([]);
  });

  it('stay while one of those who asked has not let go', async () => {
    const acquire = () => cache.acquire(FILE, download, undefined, fine);
    await Promise.all([acquire(), acquire()]);
    cache.release(FILE);
    await cache.forget(FILE);
    expect(await readdir(directory)).toHaveLength(1);
    cache.release(FILE);
    await cache.forget(FILE);
    expect(await readdir(directory)).toEqual([]);
  });

  it('stay where they come into use while others are removed to make room', async () => {
    const older = { key: 'older', sizeBytes: 5 };
    for (const [usedAtSeconds, file] of [older, FILE].entries()) {
      await utimes(await cache.acquire(file, download, undefined, fine), usedAtSeconds, usedAtSeconds);
      cache.release(file);
    }
    const { rm: remove } = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
    let path = '';
    jest.mocked(rm).mockImplementationOnce(async (...args) => {
      path = await cache.acquire(FILE, download, undefined, fine);
      await remove(...args);
    });
    await cache.makeRoom([{ key: 'as much as there is room for', sizeBytes: 100 }]);
    expect(await readFile(path, 'utf8')).toBe('bytes');
    expect(downloads).toBe(2);
  });
});
