/** The importer's command line as built; needs the build that `npm test` makes first. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve(__dirname, '..', 'dist', program), ...args], {
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

describe('npm run import', () => {
  it.each([
    [['--help'], 0, /Exit codes/],
    [['kuairand', '--explain'], 0, /log_standard_\*[\s\S]*ImpressionsServed/],
    [['movies', 'anywhere'], 2, /no importer for movies, but for kuairand/],
    [['kuairand'], 2, /path of the data set is missing/],
    [['kuairand', ''], 2, /argument 'path'.*empty/],
    [['kuairand', 'anywhere', '--archive', ''], 2, /--archive.*empty/],
    [['kuairand', 'anywhere', '--archive', 's3://bucket/archive'], 2, /--archive.*path on this machine/],
    [['table', '/no/such/file.csv'], 3, /file.csv cannot be read/],
    [['kuairand', 'anywhere', '--most-bad', '2'], 2, /from 0 to 1/],
    [['kuairand', 'anywhere', '--archive', 'archive', '--partitions', '2.5'], 2, /whole number from 1 to 10000/],
    [['kuairand', 'anywhere', '--partitions', '12'], 2, /--partitions is for an --archive/],
    [['kuairand', 'anywhere', '--archive', 'archive', '--anew'], 2, /--anew is for an import through a collector/],
    [['kuairand', 'anywhere', '--archive', 'archive', '--url', 'http://a:1'], 2, /--url is for an import through/],
    [['kuairand', 'anywhere', '--archive', 'archive', '--api-key-file', 'k'], 2, /--api-key-file is for an import/],
    [['kuairand', 'anywhere', '--mapping', 'm.json'], 2, /--mapping is for a table/],
    [['kuairand', 'anywhere', '--yes'], 2, /--yes is for a table/],
    [['kuairand', 'anywhere', '--url', 'nowhere'], 2, /--url is no address/],
    [['kuairand', 'anywhere', '--url', 'localhost:7001'], 2, /--url is no address/],
    [
      ['kuairand', 'anywhere', '--archive', join(__filename, 'in', 'archive')],
      2,
      /--archive.*made or written to \(ENOTDIR\)/,
    ],
    [['kuairand', 'anywhere', '--api-key-file', '/no/such/file'], 2, /--api-key-file .*: cannot be read \(ENOENT\)/],
    [['kuairand', '/no/such/folder'], 3, /no folder that can be read/],
  ])('%j ends with %i', (args, status, text) => {
    expect(run('main.js', ...args)).toEqual({ status, text: expect.stringMatching(text) });
  });
});

it.each([['main.js', 'kuairand', '--explain']])(
  '%s %s %s ends as ever where nobody reads what it says',
  async (program, ...args) => {
    const child = spawn(process.execPath, [resolve(__dirname, '..', 'dist', program), ...args], { stdio: 'pipe' });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (part: Buffer) => (said += part.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    const { status } = run(program, ...args);
    expect({ code, stack: /^\s+at /m.test(said) }).toEqual({ code: status, stack: false });
  },
);

describe('npm run validate', () => {
  it.each([
    [['--help'], 0, /Exit codes/],
    [['movies', 'anywhere'], 2, /movies is neither archive nor one of kuairand/],
    [['kuairand', 'anywhere', '--mapping', 'm.json'], 2, /--mapping is for a table/],
    [['archive', __dirname, '--yes'], 2, /--yes is for a table/],
    [['archive', ''], 2, /argument 'path'.*empty/],
    [['archive', '/no/such/folder'], 3, /cannot be read/],
    [['archive', __dirname, '--json', '/no/such/folder/found.json'], 2, /\/no\/such\/folder cannot be written to/],
    [['archive', __dirname], 3, /is no archive: it has no folder watchnext.activity.v1/],
  ])('%j ends with %i', (args, status, text) => {
    expect(run('validate/main.js', ...args)).toEqual({ status, text: expect.stringMatching(text) });
  });
});
