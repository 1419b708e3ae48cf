/** The launcher among apps that are stand-ins: what it does to the folder and to its processes. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FolderState } from './data-folder';
import type { LaunchError } from './launch-error';
import { Launcher } from './launcher';
import { parseOptions } from './options';

const LOADED: FolderState = { version: 1, dataset: 'sequences', loaded: true };

let root: string;
let data: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watchnext-launcher-'));
  data = join(root, 'data');
  mkdirSync(join(data, 'archive'), { recursive: true });
  writeFileSync(join(data, 'archive', 'part.parquet'), 'weeks of events');
  writeFileSync(join(data, 'watchnext.json'), JSON.stringify(LOADED));
});
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

function launcher(...args: string[]): Launcher {
  const options = parseOptions(['--data', data, '--port', '0', ...args], {
    exitOverride: true,
    defaultDataDirectory: data,
  });
  return new Launcher(root, options, () => undefined);
}

describe('a start with --fresh', () => {
  it('keeps the state when the files that it is to load are not there', async () => {
    const start = launcher('--fresh', '--dataset', 'table', '--path', join(root, 'typo.csv'));
    await expect(start.run(new AbortController().signal)).rejects.toThrow(/typo\.csv/);
    expect(readFileSync(join(data, 'archive', 'part.parquet'), 'utf8')).toBe('weeks of events');
    expect(JSON.parse(readFileSync(join(data, 'watchnext.json'), 'utf8'))).toEqual(LOADED);
  });

  it('keeps what lies in a folder that WatchNext has not filled, and says so', async () => {
    rmSync(join(data, 'watchnext.json'));
    const refused = await launcher('--fresh')
      .run(new AbortController().signal)
      .catch((error: LaunchError) => error);
    expect(refused).toMatchObject({ name: 'LaunchError', message: expect.stringContaining('(archive)') });
    expect(existsSync(join(data, 'archive', 'part.parquet'))).toBe(true);
  });
});
