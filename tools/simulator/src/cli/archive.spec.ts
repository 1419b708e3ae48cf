/** `simulate archive` as built; needs the build that `npm test` makes first. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { runBuilt, temporaryDirectory } from '@watchnext/testing';

const MAIN = join(__dirname, '..', '..', 'dist', 'main.js');

// Far above what it takes; a busy machine may be slow.
jest.setTimeout(300_000);

it('puts an archive in its place after the world that it is of, so that a run that fails can be made again', async () => {
  const folder = await temporaryDirectory('simulate-archive');
  try {
    const data = join(folder.path, 'data');
    const world = ['--world', 'small', '--users', '20', '--videos', '40', '--days', '2'];
    const archive = () => runBuilt(MAIN, ['archive', '--data', data, ...world, '--workers', '1', '--partitions', '1']);
    // Where the file of the world is to go.
    mkdirSync(join(data, 'world.json'), { recursive: true });
    expect(archive()).toEqual({ status: 1, text: expect.stringMatching(/world\.json/) });
    expect(readdirSync(data)).not.toContain('archive');

    rmdirSync(join(data, 'world.json'));
    expect(archive()).toEqual({ status: 0, text: expect.stringMatching(/checksum [0-9a-f]{64}/) });
    expect(readdirSync(data).sort()).toEqual(['archive', 'world.json']);
    expect(JSON.parse(readFileSync(join(data, 'world.json'), 'utf8'))).toMatchObject({
      world: { viewerCount: 20, videoCount: 40, dayCount: 2 },
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  } finally {
    await folder.remove();
  }
});
