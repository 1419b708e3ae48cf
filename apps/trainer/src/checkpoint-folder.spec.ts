import { type FileHandle, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NamedTensors } from '@watchnext/learning';
import { CheckpointFolder } from './checkpoint-folder';

describe('CheckpointFolder', () => {
  let parent: string;
  let folder: string;
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (_: unknown, text: string) => void warnings.push(text) };
  const state: NamedTensors = new Map([['position', { shape: [2], data: Int32Array.of(7, 6) }]]);

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'watchnext-checkpoints-'));
    folder = join(parent, 'checkpoints');
    warnings.length = 0;
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  it('gives back the last state saved under a key, to another run too, until it is cleared', async () => {
    const checkpoints = new CheckpointFolder(folder, 'kernels', logger as never);
    expect(await checkpoints.load('a')).toBeUndefined();
    await checkpoints.save('a', new Map());
    await checkpoints.save('a', state);
    const other = new CheckpointFolder(folder, 'kernels', logger as never);
    expect([...((await other.load('a'))?.get('position')?.data ?? [])]).toEqual([7, 6]);
    expect(await other.load('b')).toBeUndefined();
    await other.clear();
    expect(await checkpoints.load('a')).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('puts a state on the disk before it gets its name', async () => {
    const handle = await open(__filename);
    const sync = jest.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync');
    await handle.close();
    const filesAtSync: string[][] = [];
    sync.mockImplementation(async () => void filesAtSync.push(await readdir(folder)));
    try {
      await new CheckpointFolder(folder, 'kernels', logger as never).save('a', state);
    } finally {
      sync.mockRestore();
    }
    expect(filesAtSync).toEqual([['a.safetensors.part']]);
    expect(await readdir(folder)).toEqual(['a.safetensors']);
  });

  it('forgets the trainings of earlier runs once this run has one that they did not come to', async () => {
    const states = async () => (await readdir(folder)).sort();
    const earlier = new CheckpointFolder(folder, 'kernels', logger as never);
    for (const key of ['candidate-1', 'ranking-1']) {
      await earlier.load(key);
      await earlier.save(key, state);
    }
    await writeFile(join(folder, 'ranking-1b.safetensors.part'), 'cut off by a kill');
    const same = new CheckpointFolder(folder, 'kernels', logger as never);
    await same.load('candidate-1');
    await same.save('candidate-1', state);
    expect(await states()).toContain('ranking-1.safetensors'); // which this run may come to yet
    // The archive has grown: other examples, other keys.
    const later = new CheckpointFolder(folder, 'kernels', logger as never);
    for (const key of ['candidate-2', 'ranking-2']) {
      expect(await later.load(key)).toBeUndefined();
      await later.save(key, state);
    }
    expect(await states()).toEqual(['candidate-2.safetensors', 'ranking-2.safetensors']);
  });

  it('starts anew from a file that was cut off, and says so', async () => {
    const checkpoints = new CheckpointFolder(folder, 'kernels', logger as never);
    await checkpoints.save('a', state);
    const [file] = await readdir(folder);
    await writeFile(join(folder, file), Uint8Array.of(1, 2, 3));
    expect(await checkpoints.load('a')).toBeUndefined();
    expect(warnings).toEqual(['the state of a stopped training cannot be read: it starts anew']);
  });

  it('does not fail the run where it cannot write, and says so', async () => {
    await writeFile(folder, 'a file where the folder should be');
    await new CheckpointFolder(folder, 'kernels', logger as never).save('a', state);
    expect(warnings).toEqual(['the state of a training cannot be kept: a next run starts it anew']);
  });
});
