import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepJson, keepValue, keptJson, keptValue } from './kept-files';

jest.mock('node:fs', () => {
  const actual = jest.requireActual<typeof import('node:fs')>('node:fs');
  return { ...actual, renameSync: jest.fn(actual.renameSync) };
});
const { renameSync: rename } = jest.requireActual<typeof import('node:fs')>('node:fs');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-kept-files-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe.each([
  ['JSON', keepJson, keptJson],
  ['a value', keepValue, keptValue],
] as const)('a file kept as %s', (_, keep, kept) => {
  it('gives back what was kept last', () => {
    const file = join(folder, 'file');
    expect(kept(file)).toBeUndefined();
    keep(file, { first: true });
    keep(file, { numbers: [1, 2.5] });
    expect(kept(file)).toEqual({ numbers: [1, 2.5] });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('is kept also where another run, of the same folder, keeps it at the same time', () => {
    const file = join(folder, 'file');
    // What that one finds unfinished under the name that all know, it takes for a killed one's.
    jest.mocked(renameSync).mockImplementationOnce((from, to) => {
      rmSync(`${file}.new`, { force: true });
      rename(from, to);
    });
    keep(file, { numbers: [1, 2.5] });
    expect(kept(file)).toEqual({ numbers: [1, 2.5] });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.each([
    ['empty', (file: string) => truncateSync(file, 0)],
    ['cut off', (file: string) => truncateSync(file, 7)],
    ['zeros', (file: string) => writeFileSync(file, new Uint8Array(40))],
  ])('counts as absent where a crash of the machine left it %s, and is removed', (_, damage) => {
    const file = join(folder, 'file');
    keep(file, { numbers: [1, 2.5] });
    damage(file);
    expect(kept(file)).toBeUndefined();
    expect(existsSync(file)).toBe(false);
  });
});
