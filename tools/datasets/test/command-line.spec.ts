/** The importer's command line as built; needs the build that `npm test` makes first. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [resolve(__dirname, '..', 'dist', 'main.js'), ...args],
    { encoding: 'utf8' },
  );
  return { status, text: stdout + stderr };
}

describe('npm run import', () => {
  it.each([
    [['--help'], 0, /Exit codes/],
    [['kuairand', '--explain'], 0, /log_standard_\*[\s\S]*ImpressionsServed/],
    [['movies', 'anywhere'], 2, /no importer for movies, but for kuairand/],
    [['kuairand'], 2, /path of the data set is missing/],
    [['kuairand', 'anywhere', '--url', 'nowhere'], 2, /--url is no address/],
    [['kuairand', '/no/such/folder'], 3, /no folder that can be read/],
  ])('%j ends with %i', (args, status, text) => {
    expect(run(...args)).toEqual({ status, text: expect.stringMatching(text) });
  });
});
