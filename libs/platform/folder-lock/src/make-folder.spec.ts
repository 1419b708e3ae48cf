import fs, { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './make-folder';

const onLinux = process.platform === 'linux' ? it : it.skip;

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-make-folder-'))));
afterEach(() => rmSync(directory, { recursive: true }));

describe('a folder that a person named', () => {
  it('is made, with those above it', () => {
    makeFolder(join(directory, 'a', 'b', 'c'));
    expect(statSync(join(directory, 'a', 'b', 'c')).isDirectory()).toBe(true);
  });

  onLinux('is there after a loss of power too, with those above it that were made', () => {
    const synced: string[] = [];
    const fsync = jest
      .spyOn(fs, 'fsyncSync')
      .mockImplementation((handle) => void synced.push(fs.readlinkSync(`/proc/self/fd/${handle}`)));
    try {
      makeFolder(join(directory, 'a', 'b'));
      makeFolder(join(directory, 'a', 'b'));
    } finally {
      fsync.mockRestore();
    }
    expect(synced).toEqual([directory, join(directory, 'a')]);
  });

  it('is made where one may write but not look', () => {
    const blind = join(directory, 'blind');
    mkdirSync(blind, { mode: 0o777 });
    chmodSync(directory, 0o755);
    chmodSync(blind, 0o333);
    asNobody(() => makeFolder(join(blind, 'it')));
    expect(statSync(join(blind, 'it')).isDirectory()).toBe(true);
  });

  it('may be there', () => {
    makeFolder(directory);
    expect(existsSync(directory)).toBe(true);
  });

  it.each([['file'], ['file/below'], ['file/below/it']])('is not made of, or under, a file: %s', (path) => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => makeFolder(join(directory, path))).toThrow(path === 'file' ? 'EEXIST' : 'ENOTDIR');
  });

  it('is refused where it may not be made', () => {
    const shut = join(directory, 'shut');
    mkdirSync(shut);
    chmodSync(directory, 0o755);
    chmodSync(shut, 0o555);
    asNobody(() => expect(() => makeFolder(join(shut, 'below', 'it'))).toThrow('EACCES'));
  });

  // Whether a folder may be written to is told for who started the process, and root may always.
  (process.getuid?.() === 0 ? it.skip : it)('is refused where nothing may be put into it', () => {
    const shut = join(directory, 'shut');
    mkdirSync(shut, { mode: 0o555 });
    expect(() => makeFolder(shut)).toThrow('EACCES');
  });

  onLinux('is refused in /proc, where Node itself would try for ever', () => {
    expect(() => makeFolder('/proc/watchnext/logs')).toThrow(/ENOENT|EACCES|EPERM/);
  });
});

/** Root may write anywhere. */
function asNobody(work: () => void): void {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid!(65_534);
  try {
    work();
  } finally {
    process.seteuid!(0);
  }
}
