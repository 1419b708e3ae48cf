import fs, { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnapshotManifest } from '@watchnext/contract';
import { describeFiles } from './digests';
import { type FolderSnapshotStore, openFolderSnapshotStore } from './folder-snapshot-store';
import { SNAPSHOT_FORMAT_VERSION } from './layout';
import { removeOldSnapshots } from './remove-old-snapshots';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

describe('old snapshots in a folder', () => {
  const nowMs = Date.now();
  let root: string;
  let directory: string;
  let source: string;
  let store: FolderSnapshotStore;
  let moveCount: number;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'watchnext-old-snapshots-'));
    directory = join(root, 'store');
    source = join(root, 'source');
    await mkdir(source);
    await writeFile(join(source, 'ranker.onnx'), 'weights');
    await writeFile(join(source, 'candidate.json'), '{}');
    store = openFolderSnapshotStore(directory);
    moveCount = 0;
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await rm(root, { recursive: true });
  });

  const publish = async (snapshotId: string, { parent = '', ageMs = 5 * HOUR_MS } = {}) => {
    const files = await describeFiles(source);
    const fields = { formatVersion: SNAPSHOT_FORMAT_VERSION, snapshotId, parentSnapshotId: parent, files };
    await store.publish(source, SnapshotManifest.fromPartial(fields));
    const at = new Date(nowMs - ageMs);
    await utimes(join(directory, snapshotId), at, at);
  };
  const makeCurrent = async (snapshotId: string, agoMs = 5 * HOUR_MS) => {
    await store.movePointer(await store.readPointer(), snapshotId);
    moveCount += 1;
    const at = new Date(nowMs - agoMs);
    await utimes(join(directory, 'current', String(moveCount).padStart(12, '0')), at, at);
  };
  /** Each the child of the one before, and current in its turn. */
  const publishLine = async (...ids: string[]) => {
    for (const [i, id] of ids.entries()) {
      await publish(id, { parent: ids[i - 1] ?? '' });
      await makeCurrent(id);
    }
  };
  const remove = (count: number, named: string[] = []) => removeOldSnapshots(store, { count, named }, nowMs);

  it('go, but for the newest', async () => {
    await publishLine('a', 'b', 'c', 'd', 'e');
    expect(await remove(2)).toEqual(['c', 'b', 'a']);
    expect(await store.list()).toEqual(['e', 'd']);
    expect((await readdir(directory)).sort()).toEqual(['current', 'd', 'e']);
    await expect(store.fetch('e')).resolves.toMatchObject({ snapshotId: 'e' });
    await expect(store.fetch('a')).rejects.toMatchObject({ code: 'snapshot-not-found' });
    expect(await remove(2)).toEqual([]);
  });

  it('stay where a way back leads to them, however many were rejected since', async () => {
    await publishLine('a', 'b', 'c');
    for (const rejected of ['d', 'e', 'f', 'g']) await publish(rejected, { parent: 'c' });
    expect(await remove(2)).toEqual(['e', 'd', 'a']);
    expect(await store.list()).toEqual(['g', 'f', 'c', 'b']);
  });

  it('stay where one went back to an old one, with the line behind that', async () => {
    await publishLine('a', 'b', 'c', 'd', 'e', 'f');
    await makeCurrent('b');
    expect(await remove(2)).toEqual(['d', 'c']);
    expect(await store.list()).toEqual(['f', 'e', 'b', 'a']);
  });

  it('stay where an experiment names them', async () => {
    await publishLine('a', 'b', 'c', 'd');
    expect(await remove(2, ['a', 'not-there'])).toEqual(['b']);
  });

  it('stay for an hour, as somebody may be loading them', async () => {
    await publishLine('a', 'b', 'c', 'd');
    await publish('b-young', { ageMs: 59 * MINUTE_MS });
    await publish('b-older', { ageMs: 61 * MINUTE_MS });
    expect(await remove(2)).toEqual(['b-older', 'b', 'a']);
    expect(await store.list()).toEqual(['d', 'c', 'b-young']);
  });

  it('stay for an hour after they were current', async () => {
    await publishLine('a', 'b', 'c', 'd');
    await makeCurrent('b', 90 * MINUTE_MS);
    await makeCurrent('d', 30 * MINUTE_MS);
    expect(await remove(2)).toEqual(['a']);
    expect(await store.list()).toEqual(['d', 'c', 'b']);
  });

  it('go where none has become current yet', async () => {
    for (const id of ['a', 'b', 'c']) await publish(id);
    expect(await remove(2)).toEqual(['a']);
  });

  it('go where a line cannot be read on, as after a new format', async () => {
    await publishLine('a', 'b', 'c');
    await rm(join(directory, 'c', 'manifest.json'));
    await writeFile(join(directory, 'c', 'manifest.json'), '{"formatVersion": 1}');
    expect(await remove(1)).toEqual(['b', 'a']);
    expect(await store.list()).toEqual(['c']);
  });

  it('are never there in part: a removal that is cut off has hidden them, and a day later the rest goes too', async () => {
    await publishLine('a', 'b');
    jest.spyOn(fs, 'rm').mockRejectedValueOnce(Object.assign(new Error('cut off'), { code: 'EIO' }));
    await expect(remove(1)).rejects.toMatchObject({ code: 'snapshot-store-unavailable' });
    expect(await store.list()).toEqual(['b']);
    const left = (await readdir(directory)).find((name) => name.startsWith('.removed-a-')) as string;
    expect((await readdir(join(directory, left))).length).toBeGreaterThan(0);
    await publish('c');
    expect(await readdir(directory)).toContain(left);
    jest.spyOn(Date, 'now').mockReturnValue(nowMs + 25 * HOUR_MS);
    await publish('d');
    expect(await readdir(directory)).not.toContain(left);
  });

  it('are not found, rather than damaged, by who was reading them', async () => {
    await publishLine('a', 'b');
    const { readManifest } = store;
    jest.spyOn(store, 'readManifest').mockImplementationOnce(async (snapshotId) => {
      const manifest = await readManifest.call(store, snapshotId);
      expect(await remove(1)).toEqual(['a']);
      return manifest;
    });
    await expect(store.fetch('a')).rejects.toMatchObject({ code: 'snapshot-not-found' });
  });

  describe('beside one who goes back to them', () => {
    beforeEach(() => publishLine('a', 'b', 'c'));

    it('stay where the pointer moved before it was looked at again', async () => {
      const other = openFolderSnapshotStore(directory);
      const rename = fs.rename;
      jest.spyOn(fs, 'rename').mockImplementationOnce(async (from, to) => {
        await other.movePointer('c', 'a');
        await rename(from, to);
      });
      expect(await store.remove('a')).toBe(false);
      expect(await store.readPointer()).toBe('a');
      await expect(store.fetch('a')).resolves.toMatchObject({ snapshotId: 'a' });
    });

    it('are not pointed to where they went before the pointer moved', async () => {
      const other = openFolderSnapshotStore(directory);
      const link = fs.link;
      jest.spyOn(fs, 'link').mockImplementationOnce(async (from, to) => {
        expect(await other.remove('a')).toBe(true);
        await link(from, to);
      });
      await expect(store.movePointer('c', 'a')).rejects.toMatchObject({ code: 'snapshot-not-found' });
      expect(await store.readPointer()).toBe('c');
    });
  });

  it('leaves the current one, and what is no snapshot', async () => {
    await publishLine('a', 'b');
    for (const id of ['b', 'current', '..', 'none']) expect(await store.remove(id)).toBe(false);
    expect(await readFile(join(directory, 'b', 'ranker.onnx'), 'utf8')).toBe('weights');
  });
});
