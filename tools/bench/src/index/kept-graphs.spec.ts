import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptGraphs } from './kept-graphs';

const parameters = {
  space: 'augmented-l2',
  dimensions: 2,
  m: 16,
  efConstruction: 400,
  efSearch: 100,
  radius: 1,
  recallAt100: 0,
  shardCount: 2,
};

describe('kept graphs', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchnext-kept-graphs-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are built once for the same vectors, parameters and clock', async () => {
    let builds = 0;
    const kept = (values: number[], more = {}, clock = 'wall') =>
      keptGraphs(join(folder, 'new'), Float32Array.from(values), { ...parameters, ...more }, clock, async (paths) => {
        for (const path of paths) await writeFile(path, String(++builds));
        return 12.5;
      });
    const first = await kept([1, 2]);
    expect(first.buildSeconds).toBe(12.5);
    expect(await Promise.all(first.paths.map((path) => readFile(path, 'utf8')))).toEqual(['1', '2']);
    // How broadly it is searched makes no other graph.
    expect(await kept([1, 2], { efSearch: 800 })).toEqual(first);
    expect(builds).toBe(2);
    for (const other of [await kept([1, 3]), await kept([1, 2], { m: 32 }), await kept([1, 2], {}, 'processors')]) {
      expect(other.paths).not.toEqual(first.paths);
    }
    expect(builds).toBe(8);
  });

  it('are none after a build that failed', async () => {
    const vectors = Float32Array.of(1, 2);
    const failed = keptGraphs(folder, vectors, parameters, 'wall', () => Promise.reject(new Error('full')));
    await expect(failed).rejects.toThrow('full');
    expect((await keptGraphs(folder, vectors, parameters, 'wall', async () => 3)).buildSeconds).toBe(3);
  });
});
